"""Records in, one transaction out: cut where a tick is too big for one, done again where the core raises."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Sequence

import msgspec
import structlog
from msgspec import Struct

from common.bus.ports import Record
from common.contracts.events import Tick
from scoring.errors import Doubt, Fenced, Stop
from scoring.health import UnknownFormat
from scoring.partition.batch import Batch, Poisoned
from scoring.partition.commit import Commit
from scoring.partition.inbox import Inbox
from scoring.partition.memory import PartitionMemory
from scoring.partition.records import Said, read, read_all, wanted
from scoring.worker.context import WorkerContext

_log = structlog.get_logger()

# Records after which a long run lets the loop see to others.
SLICE = 500


class RunResult(Struct, frozen=True):
    """What one turn read; seconds. `overdue` is how long the earliest timer had been due at a tick that fired it."""

    oldest: float
    newest: float
    overdue: float
    ticks: tuple[Record, ...]
    signals: int


class _Run:
    """What one transaction takes of an inbox: `records` up to now, and the `ticks` among them.

    It is over when the inbox is empty, after `most` records or `seconds` of work, or before a tick that `is_big`; the
    accounts that it touches may end it earlier.
    """

    def __init__(self, inbox: Inbox, *, most: int, seconds: float, is_big: Callable[[Record], bool]) -> None:
        self._inbox = inbox
        self._most = most
        self._seconds = seconds
        self._is_big = is_big
        self.records: list[Record] = []
        self.ticks: list[Record] = []
        self._stopped = False

    def take(self) -> tuple[list[Record], list[Said]]:
        """The records that come next, and what each says; none if the run is over."""
        if self._stopped or (self.records and self._seconds <= 0.0):
            return [], []
        taken = self._inbox.take(min(SLICE, self._most - len(self.records)))
        said = read_all(taken)
        for i, one in enumerate(said):
            if type(one) is Tick:
                if (i or self.records) and self._is_big(taken[i]):
                    self._inbox.put_back(taken[i:])
                    self._stopped = True
                    del taken[i:], said[i:]
                    break
                self.ticks.append(taken[i])
        self.records += taken
        return taken, said

    def worked(self, seconds: float) -> None:
        self._seconds -= seconds


class RunScorer:
    """The runs of one assignment; `writer` names it in the journal, `wrote` hears of each commit that went through."""

    def __init__(self, number: int, *, shared: WorkerContext, writer: str, wrote: Callable[[Commit], None]) -> None:
        self._number = number
        self._shared = shared
        self._writer = writer
        self._wrote = wrote
        self._most: int | None = None  # records of a run, or accounts of a tick, while the database can take no more
        self._poison: set[tuple[int, str]] = set()
        self._poisonings: list[float] = []

    async def score(self, memory: PartitionMemory, inbox: Inbox) -> RunResult | None:
        """Writes one run of the inbox; before a big tick, its chunks.

        None if there was nothing to write. Raises `Doubt` (then memory is worth nothing) and `Stop`.
        """
        earliest = memory.timers.earliest()
        signals = await self._fire_in_chunks(memory, inbox)
        run = _Run(
            inbox,
            most=min(self._shared.limits.depth, self._most or self._shared.limits.depth),
            seconds=self._shared.limits.stretch,
            is_big=lambda tick: self._big(memory, tick),
        )
        signals += await self._attempt(memory, lambda batch: self._feed(memory, run, batch))
        if not run.records:
            return None
        overdue = run.ticks[-1].timestamp / 1000 - earliest if run.ticks and earliest is not None else 0.0
        return RunResult(
            oldest=run.records[0].timestamp / 1000,
            newest=run.records[-1].timestamp / 1000,
            overdue=max(0.0, overdue),
            ticks=tuple(run.ticks),
            signals=signals,
        )

    def _grow(self) -> None:
        if self._most is not None:
            self._most += 1 + self._most // 8
            if self._most >= self._shared.limits.chunk:
                self._most = None

    def _chunk(self) -> int:
        return min(self._shared.limits.chunk, self._most or self._shared.limits.chunk)

    def _big(self, memory: PartitionMemory, tick: Record) -> bool:
        return len(memory.timers.due(tick.timestamp / 1000)) > self._chunk()

    async def _fire_in_chunks(self, memory: PartitionMemory, inbox: Inbox) -> int:
        """If the inbox begins with a tick: all but its last chunk.

        That one goes with the tick itself, which moves the offset and the clock.
        """
        signals = 0
        first = inbox.take(1)
        inbox.put_back(first)
        tick = first[0]
        if type(read(tick)) is not Tick:
            return signals
        while len(due := memory.timers.due(tick.timestamp / 1000)) > self._chunk():
            chunk = due[: self._chunk()]

            async def fire(batch: Batch, chunk: list[str] = chunk) -> None:
                await self._load(memory, memory.accounts.undecoded(chunk))
                batch.fire(tick, chunk)

            signals += await self._attempt(memory, fire)
        return signals

    async def _feed(self, memory: PartitionMemory, run: _Run, batch: Batch) -> None:
        """All that the run has taken so far (again, after the core has raised), and then what it takes on top."""
        begun = 0
        while begun < len(run.records):
            again = run.records[begun : begun + SLICE]
            begun += len(again)
            await self._score(memory, again, read_all(again), batch)
        while (taken := run.take())[0]:
            started = time.perf_counter()
            await self._score(memory, *taken, batch)
            run.worked(time.perf_counter() - started)
            if memory.accounts.enough(len(batch.touched)):
                return
            await asyncio.sleep(0)

    async def _score(
        self, memory: PartitionMemory, records: Sequence[Record], said: Sequence[Said], batch: Batch
    ) -> None:
        await self._load(memory, wanted(memory, records, said) - batch.touched.keys())
        batch.run(records, said)

    async def _attempt(self, memory: PartitionMemory, work: Callable[[Batch], Awaitable[None]]) -> int:
        """Does the work and writes it; when the core raises, does it again without what it raised on.

        At first only with an eye on the account: it may be an earlier record that has spoilt it. The number of signals.
        The partitions of a worker work one after the other, and the commit of one lasts while the next one works.
        """
        shared = self._shared
        suspects: set[str] = set()
        async with shared.turn:
            memory.accounts.in_use = True
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
                    await work(batch)
                    commit = batch.commit(self._number, self._writer)
                    break
                except Poisoned as poisoned:
                    if poisoned.account_id in suspects:
                        self._set_aside(poisoned)
                    suspects.add(poisoned.account_id)
                    # What the batch changed in place is decoded again: what is stored is the truth.
                    memory.accounts.forget(batch.touched)
                    await self._load(memory, batch.touched)
        if batch.report.records == 0 and batch.report.fired == 0 and not batch.touched:
            memory.accounts.in_use = False
            return 0
        return await self._write(memory, batch, commit, started)

    async def _write(self, memory: PartitionMemory, batch: Batch, commit: Commit, started: float) -> int:
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

    async def _load(self, memory: PartitionMemory, account_ids: Collection[str]) -> None:
        if not account_ids:
            return
        bodies = memory.accounts.bodies(account_ids)
        kept = len(bodies)
        if elsewhere := set(account_ids) - bodies.keys():
            bodies |= await self._shared.store.states(elsewhere)
        self._shared.metrics.loaded(kept=kept, stored=len(bodies) - kept)
        for account_id, body in bodies.items():
            try:
                memory.accounts.load(self._shared.scorer.load(account_id, body), body)
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
