"""Records in, one transaction out: cut where a tick is too big for one, done again where the core raises."""

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial

import msgspec
import structlog
from msgspec import Struct

from common.bus.ports import Record
from common.contracts.events import Tick
from scoring.batch import Batch, Poisoned
from scoring.commit import Commit
from scoring.errors import Doubt, Fenced, Stop
from scoring.health.stored import UnknownFormat
from scoring.memory import Memory
from scoring.records import Read, read, wanted
from scoring.shared import Shared

_log = structlog.get_logger()


class Turned(Struct, frozen=True):
    """What one turn read; seconds. `overdue` is how long the earliest timer had been due at a tick that fired it."""

    oldest: float
    newest: float
    overdue: float
    ticks: tuple[Record, ...]
    signals: int


class Runs:
    """The runs of one assignment; `writer` names it in the journal, `wrote` hears of each commit that went through."""

    def __init__(self, number: int, *, shared: Shared, writer: str, wrote: Callable[[Commit], None]) -> None:
        self._number = number
        self._shared = shared
        self._writer = writer
        self._wrote = wrote
        self._most: int | None = None  # records of a run, or accounts of a tick, while the database can take no more
        self._poison: set[tuple[int, str]] = set()
        self._poisonings: list[float] = []

    async def score(self, memory: Memory, records: Sequence[Record]) -> Turned | None:
        """None if there was nothing to write. Raises `Doubt` (then memory is worth nothing) and `Stop`."""
        items = [read(one) for one in records if one.offset >= memory.position.to_offset]
        if not items:
            return None
        ticks = [i for i, item in enumerate(items) if type(item.said) is Tick]
        earliest = memory.timers.earliest()
        signals = 0
        begun = 0
        for i in ticks:
            if self._big(memory, items[i]):
                signals += await self._run(memory, items[begun:i])
                signals += await self._fire_in_chunks(memory, items[i])
                begun = i
        signals += await self._run(memory, items[begun:])
        read_ticks = tuple(items[i].record for i in ticks)
        overdue = read_ticks[-1].timestamp / 1000 - earliest if read_ticks and earliest is not None else 0.0
        return Turned(
            oldest=items[0].record.timestamp / 1000,
            newest=items[-1].record.timestamp / 1000,
            overdue=max(0.0, overdue),
            ticks=read_ticks,
            signals=signals,
        )

    def _grow(self) -> None:
        if self._most is not None:
            self._most += 1 + self._most // 8
            if self._most >= self._shared.limits.chunk:
                self._most = None

    def _chunk(self) -> int:
        return min(self._shared.limits.chunk, self._most or self._shared.limits.chunk)

    def _big(self, memory: Memory, tick: Read) -> bool:
        return len(memory.timers.due(tick.record.timestamp / 1000)) > self._chunk()

    async def _fire_in_chunks(self, memory: Memory, tick: Read) -> int:
        """All but the last chunk; that one goes with the tick itself, which moves the offset and the clock."""
        signals = 0
        while len(due := memory.timers.due(tick.record.timestamp / 1000)) > self._chunk():
            first = due[: self._chunk()]
            await self._load(memory, set(first) - memory.accounts.keys())
            signals += await self._attempt(memory, partial(Batch.fire, tick=tick, account_ids=first))
        return signals

    async def _run(self, memory: Memory, items: Sequence[Read]) -> int:
        signals = 0
        while items:
            some = items[: self._most]
            items = items[len(some) :]
            await self._load(memory, wanted(memory, some))
            signals += await self._attempt(memory, partial(Batch.run, items=some))
        return signals

    async def _attempt(self, memory: Memory, work: Callable[[Batch], None]) -> int:
        """Does the work and writes it; when the core raises, does it again without what it raised on.

        At first only with an eye on the account: it may be an earlier record that has spoilt it. The number of signals.
        """
        shared = self._shared
        suspects: set[str] = set()
        started = time.perf_counter()
        while True:
            batch = Batch(
                memory,
                shared.scorer,
                owns=lambda account_id: shared.owns(self._number, account_id),
                poison=frozenset(self._poison),
                suspects=suspects,
            )
            try:
                work(batch)
                commit = batch.commit(self._number, self._writer)
                break
            except Poisoned as poisoned:
                if poisoned.account_id in suspects:
                    self._set_aside(poisoned)
                suspects.add(poisoned.account_id)
                # What the batch changed in place is read again: the stored rows are the truth.
                await self._load(memory, batch.touched)
        return await self._write(memory, batch, commit, started)

    async def _write(self, memory: Memory, batch: Batch, commit: Commit, started: float) -> int:
        sent = time.perf_counter()
        try:
            await self._shared.store.commit(commit, self._shared.cluster_id)
        except Fenced:
            raise
        except Doubt:
            # It may have been too much for one transaction: then the same again would fail for ever.
            self._most = max(1, max(batch.report.records, len(batch.touched)) // 2)
            raise
        self._grow()
        done = time.perf_counter()
        memory.keep(commit, batch.touched)
        self._wrote(commit)
        report = batch.report
        self._shared.metrics.committed(commit, report, commit_seconds=done - sent, batch_seconds=done - started)
        _log.debug(
            "batch.scored",
            partition=self._number,
            records=report.records,
            events=report.events,
            duplicates=report.duplicates,
            dead=len(report.dead),
            fired=report.fired,
            signals=len(commit.signals),
            seconds=round(done - started, 4),
        )
        return len(commit.signals)

    async def _load(self, memory: Memory, account_ids: Collection[str]) -> None:
        if not account_ids:
            return
        bodies = await self._shared.store.states(account_ids)
        for account_id, body in bodies.items():
            try:
                memory.accounts[account_id] = self._shared.scorer.load(account_id, body)
            except (UnknownFormat, msgspec.DecodeError) as error:
                raise Stop(f"the stored state of account {account_id!r} cannot be read: {error}") from error

    def _set_aside(self, poisoned: Poisoned) -> None:
        """Raises `Stop` when this happens too often: then it is the core or the card that is ill, not a record."""
        _log.error(
            "core.failed",
            partition=self._number,
            offset=poisoned.offset,
            account_id=poisoned.account_id,
            exc_info=poisoned.__cause__,
        )
        limits = self._shared.limits
        now = self._shared.steady()
        self._poison.add((poisoned.offset, poisoned.account_id))
        self._poisonings = [*(at for at in self._poisonings if now - at < limits.poisoned_within), now]
        if len(self._poisonings) > limits.poisoned:
            raise Stop(
                f"the core failed {len(self._poisonings)} times within {limits.poisoned_within:g} s in "
                f"partition {self._number}; the last at offset {poisoned.offset}"
            ) from poisoned
