"""One partition from its assignment to its loss: open, score, and at any doubt forget everything and open again."""

import time
from collections.abc import Callable, Collection, Sequence
from functools import partial
from typing import Protocol
from uuid import uuid4

import structlog
from msgspec import Struct

from common.bus.ports import Record
from common.contracts.events import Tick
from scoring.batch import Batch, Poisoned, Read, read, wanted
from scoring.commit import Commit, Position
from scoring.core.account import UnknownFormat
from scoring.core.scorer import Scorer
from scoring.errors import Doubt, Fenced, Stop
from scoring.memory import Memory, Opened
from scoring.metrics import WorkerMetrics
from scoring.origin import Origin
from scoring.relay import Relay

_log = structlog.get_logger()


class Store(Protocol):
    async def opened(self, partition: int) -> Opened | None: ...

    async def begin(
        self, partition: int, origin: Origin, position: Position, *, cluster_id: str, writer: str
    ) -> None: ...

    async def states(self, account_ids: Collection[str]) -> dict[str, bytes]: ...

    async def commit(self, commit: Commit, cluster_id: str) -> None: ...


class Log(Protocol):
    """The log as one partition's reader sees it."""

    async def start(self, partition: int) -> Position:
        """Where a partition that was never read begins."""

    async def verify(self, partition: int, opened: Opened) -> None:
        """Raises `Stop` if this is not the log that the journal was written from."""


class Reader(Protocol):
    def seek(self, partition: int, offset: int) -> None: ...

    def pause(self, partition: int) -> None: ...

    def level(self, partition: int) -> bool: ...


class Limits(Struct, frozen=True, kw_only=True):
    """`remembered` ids and `cached` accounts per partition; `chunk` accounts of a big tick per transaction;
    more than `poisoned` failures of the core within `poisoned_within` seconds stop the worker.
    """

    remembered: int = 2_000_000
    cached: int = 20_000
    chunk: int = 2_000
    backlog: int = 10_000
    poisoned: int = 100
    poisoned_within: float = 600.0
    pause: float = 0.2
    longest_pause: float = 5.0


class Shared(Struct, frozen=True, kw_only=True):
    """What every partition of a worker uses."""

    scorer: Scorer
    store: Store
    log: Log
    reader: Reader
    metrics: WorkerMetrics
    origin: Origin
    cluster_id: str
    owns: Callable[[int, str], bool]
    steady: Callable[[], float]
    limits: Limits


class Turned(Struct, frozen=True):
    """What one turn read; seconds. `overdue` is how long the earliest timer had been due at a tick that fired it."""

    oldest: float
    newest: float
    overdue: float
    ticks: tuple[Record, ...]
    signals: int


class Partition:
    def __init__(self, number: int, *, shared: Shared, relay: Relay) -> None:
        self.number = number
        self.relay = relay
        self.memory: Memory | None = None
        self._shared = shared
        self._writer = str(uuid4())  # names this assignment in the journal
        self._verified = False
        self._doubted_at: int | None = None
        self._poison: set[tuple[int, str]] = set()
        self._poisonings: list[float] = []
        self._retry_at = 0.0
        self._pause = shared.limits.pause

    async def turn(self, records: Sequence[Record]) -> Turned | None:
        """Opens the partition if it is not, else scores these records and writes what they changed.

        None if nothing was written. Raises `Stop` if only a person can decide.
        """
        try:
            if self.memory is None:
                await self._open()
            elif records:
                return await self._score(self.memory, records)
        except Doubt as doubt:
            self._forget(doubt)
        return None

    async def _open(self) -> None:
        if self._shared.steady() < self._retry_at:
            return
        shared = self._shared
        opened = await shared.store.opened(self.number)
        if opened is None:
            position = await shared.log.start(self.number)
            await shared.store.begin(
                self.number, shared.origin, position, cluster_id=shared.cluster_id, writer=self._writer
            )
            opened = await shared.store.opened(self.number)
            if opened is None:
                raise Doubt("the journal's first row is gone")
        if not self._verified:
            await shared.log.verify(self.number, opened)
            self._verified = True
        if self._doubted_at is not None and opened.seq > self._doubted_at and opened.writer == self._writer:
            shared.metrics.recovered()
        self._doubted_at = None
        self._pause = shared.limits.pause
        self.memory = Memory(opened, remembered=shared.limits.remembered, cached=shared.limits.cached)
        self.relay.reread()
        shared.reader.seek(self.number, opened.position.to_offset)
        _log.info(
            "partition.opened",
            partition=self.number,
            seq=opened.seq,
            offset=opened.position.to_offset,
            timers=len(opened.timers),
            remembered=len(self.memory.seen),
        )

    def _forget(self, doubt: Doubt) -> None:
        """Drops all that memory holds of the partition; its next turn opens it again."""
        if self.memory is not None:
            self._doubted_at = self.memory.seq
        self.memory = None
        self._shared.reader.pause(self.number)
        self.relay.reread()
        self._shared.metrics.doubted(doubt)
        if not isinstance(doubt, Fenced):
            self._retry_at = self._shared.steady() + self._pause
            self._pause = min(2 * self._pause, self._shared.limits.longest_pause)
        _log.warning(
            "partition.doubted", partition=self.number, kind=type(doubt).__name__, reason=str(doubt)
        )

    async def _score(self, memory: Memory, records: Sequence[Record]) -> Turned | None:
        items = [read(one) for one in records if one.offset >= memory.position.to_offset]
        if not items:
            return None
        ticks = tuple(item.record for item in items if isinstance(item.said, Tick))
        earliest = memory.timers.earliest()
        signals = 0
        begun = 0
        for i, item in enumerate(items):
            if isinstance(item.said, Tick) and self._big(memory, item):
                signals += await self._run(memory, items[begun:i])
                signals += await self._fire_in_chunks(memory, item)
                begun = i
        signals += await self._run(memory, items[begun:])
        overdue = ticks[-1].timestamp / 1000 - earliest if ticks and earliest is not None else 0.0
        return Turned(
            oldest=items[0].record.timestamp / 1000,
            newest=items[-1].record.timestamp / 1000,
            overdue=max(0.0, overdue),
            ticks=ticks,
            signals=signals,
        )

    def _big(self, memory: Memory, tick: Read) -> bool:
        return len(memory.timers.due(tick.record.timestamp / 1000)) > self._shared.limits.chunk

    async def _fire_in_chunks(self, memory: Memory, tick: Read) -> int:
        """All but the last chunk; that one goes with the tick itself, which moves the offset and the clock."""
        chunk = self._shared.limits.chunk
        signals = 0
        while len(due := memory.timers.due(tick.record.timestamp / 1000)) > chunk:
            first = due[:chunk]
            await self._load(memory, set(first) - memory.accounts.keys())
            signals += await self._attempt(memory, partial(Batch.fire, tick=tick, account_ids=first))
        return signals

    async def _run(self, memory: Memory, items: Sequence[Read]) -> int:
        if not items:
            return 0
        await self._load(memory, wanted(memory, items))
        return await self._attempt(memory, partial(Batch.run, items=items))

    async def _attempt(self, memory: Memory, work: Callable[[Batch], None]) -> int:
        """Does the work and writes it; when the core raises, does it again without what it raised on.

        The number of signals.
        """
        shared = self._shared
        started = time.perf_counter()
        while True:
            batch = Batch(
                memory,
                shared.scorer,
                owns=lambda account_id: shared.owns(self.number, account_id),
                poison=frozenset(self._poison),
            )
            try:
                work(batch)
                break
            except Poisoned as poisoned:
                self._set_aside(poisoned)
                # What the batch changed in place is read again: the stored rows are the truth.
                await self._load(memory, batch.touched)
        return await self._write(memory, batch, started)

    async def _write(self, memory: Memory, batch: Batch, started: float) -> int:
        commit = batch.commit(self.number, self._writer)
        sent = time.perf_counter()
        await self._shared.store.commit(commit, self._shared.cluster_id)
        done = time.perf_counter()
        memory.keep(commit, batch.touched)
        self.relay.add(commit.queued())
        report = batch.report
        self._shared.metrics.committed(
            commit, report, commit_seconds=done - sent, batch_seconds=done - started
        )
        _log.debug(
            "batch.scored",
            partition=self.number,
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
            due = memory.timers.of(account_id)
            try:
                memory.accounts[account_id] = self._shared.scorer.load(account_id, body, due)
            except UnknownFormat as error:
                raise Stop(f"the stored state of account {account_id!r} cannot be read: {error}") from error

    def _set_aside(self, poisoned: Poisoned) -> None:
        """Raises `Stop` when this happens too often: then it is the core or the card that is ill, not a record."""
        _log.error(
            "core.failed",
            partition=self.number,
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
                f"partition {self.number}; the last at offset {poisoned.offset}"
            ) from poisoned

    def window(self) -> float:
        """How far back event ids are remembered, in seconds."""
        if self.memory is None or (oldest := self.memory.seen.oldest_hour()) is None:
            return 0.0
        return max(0.0, self.memory.position.newest - oldest * 3600)
