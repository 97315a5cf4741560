"""One owned partition: opened where it was left, turned run by run, forgotten at any doubt."""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog
from msgspec import Struct

from alerts.deciding import Clerk, Decided, Desk
from alerts.entries import Run, read
from alerts.errors import Fenced, Unreachable
from alerts.log import SignalsLog
from alerts.metrics import AlertsMetrics, Outcome
from alerts.position import Position, after
from common.bus.ports import Record
from common.retry import ExponentialBackoff

_log = structlog.get_logger()

PAUSE = (0.05, 5.0)  # seconds, first and longest, before a partition in doubt is opened again


class Inbox(Protocol):
    async def opened(self, partition: int) -> Position | None:
        """Where it was left, None if it was never read. Raises `Unreachable`."""

    async def undelivered(self, partition: int) -> Collection[str]:
        """Accounts with a message that was tried and has not been sent. Raises `Unreachable`."""

    def desk(self, partition: int, *, stored: Position | None, to: Position) -> AbstractAsyncContextManager[Desk]:
        """A transaction that moves the partition on. Raises `Fenced` if it is no longer as `stored`, `Unreachable`."""


class Reader(Protocol):
    def seek(self, partition: int, offset: int) -> None: ...

    def pause(self, partition: int) -> None: ...

    def at_end(self, partition: int) -> bool: ...


class Shared(Struct, frozen=True):
    """What all partitions of a process have in common. `late_after` is seconds; `steady` never goes back."""

    inbox: Inbox
    log: SignalsLog
    reader: Reader
    clerk: Clerk
    metrics: AlertsMetrics
    steady: Callable[[], float]
    late_after: float


class Partition:
    """`position` is None while it is not open: then `turn` opens it."""

    def __init__(self, number: int, shared: Shared) -> None:
        self.number = number
        self._shared = shared
        self._again: set[str] = set()
        self._stored: Position | None = None  # another than `position` only where the log was another one
        self.position: Position | None = None
        self._backoff = ExponentialBackoff(*PAUSE)
        self._not_before = 0.0
        self._unfinished: Sequence[Record] = ()  # a run whose word settles more than one turn should

    def reconsider(self, account_id: str) -> None:
        """A message of this account could not be sent: what came since may have overtaken it."""
        self._again.add(account_id)

    async def turn(self, records: Sequence[Record]) -> bool:
        """Records and decides; whether there is something to send. After any error it is as if they were not read."""
        try:
            if self.position is None:
                await self._open()
                return False  # what was polled before the seek comes again
            # What was polled before the pause comes again after it.
            records = self._unfinished or records
            return await self._decide(records, self.position) if records or self._again else False
        except (Fenced, Unreachable) as error:
            self._forget(error)
            return False

    @property
    def busy(self) -> bool:
        """Whether there is more to do of what has been read: the next turn should come at once."""
        return bool(self._unfinished)

    @property
    def level(self) -> bool:
        return self.position is not None and not self.busy and self._shared.reader.at_end(self.number)

    def _forget(self, error: Fenced | Unreachable) -> None:
        reason, pause = type(error).__name__.lower(), self._backoff.next_pause()
        _log.warning("partition.reopened", partition=self.number, reason=reason, detail=str(error), pause=pause)
        self._shared.metrics.reopened(reason)
        self._shared.reader.pause(self.number)
        self.position = None
        self._unfinished = ()
        self._not_before = self._shared.steady() + pause

    async def _open(self) -> None:
        if self._shared.steady() < self._not_before:
            return
        # Whoever sent before us may not have got round to it.
        self._unfinished = ()
        self._again |= set(await self._shared.inbox.undelivered(self.number))
        self._stored = await self._shared.inbox.opened(self.number)
        self.position = await self._shared.log.start(self.number, self._stored)
        self._shared.reader.seek(self.number, self.position.to_offset)

    async def _decide(self, records: Sequence[Record], before: Position) -> bool:
        began = time.perf_counter()
        shared = self._shared
        run = read(records, late_after=shared.late_after)
        settled = await self._settle(run, before)
        if settled.more:
            self._hold(records)
            return settled.to_send
        again, self._again = self._again, set()
        position = after(records[-1], before.cluster_id) if records else before
        try:
            async with shared.inbox.desk(self.number, stored=self._stored, to=position) as desk:
                decided = await shared.clerk.work(run, desk, again=again, now=position.newest)
        except BaseException:
            self._again |= again
            raise
        self.position = self._stored = position
        self._backoff.reset()
        self._go_on(position)
        self._count(decided)
        for offset in run.unreadable:
            shared.metrics.took(Outcome.UNREADABLE, 1)
            _log.error("record.unreadable", partition=self.number, offset=offset)
        _log.info(
            "run.decided",
            partition=self.number,
            recorded=decided.recorded,
            duplicates=decided.duplicates,
            decisions=len(decided.decisions),
            seconds=round(time.perf_counter() - began, 4),
        )
        return settled.to_send or decided.to_send

    async def _settle(self, run: Run, before: Position) -> Decided:
        """In a transaction of its own that leaves the position where it is: a crash after it repeats nothing."""
        if run.caught_up is None:
            return Decided()
        async with self._shared.inbox.desk(self.number, stored=self._stored, to=before) as desk:
            decided = await self._shared.clerk.settle(run, desk)
        self._stored = before
        self._count(decided)
        return decided

    def _hold(self, records: Sequence[Record]) -> None:
        """Tens of thousands of accounts may wait for this word; the other partitions shall have their turns."""
        if not self._unfinished:
            self._shared.reader.pause(self.number)
        self._unfinished = records

    def _go_on(self, position: Position) -> None:
        if self._unfinished:
            self._unfinished = ()
            self._shared.reader.seek(self.number, position.to_offset)

    def _count(self, decided: Decided) -> None:
        metrics = self._shared.metrics
        metrics.took(Outcome.RECORDED, decided.recorded)
        metrics.took(Outcome.DUPLICATE, decided.duplicates)
        for decision in decided.decisions:
            metrics.decided(decision.reason)
