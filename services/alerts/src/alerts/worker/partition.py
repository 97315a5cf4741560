"""One owned partition: opened where it was left, decided batch by batch, forgotten at any doubt."""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

import structlog
from msgspec import Struct

from alerts.errors import Fenced, Unreachable
from alerts.metrics import AlertsMetrics, RecordOutcome
from alerts.topic.batch import SignalsBatch, read_batch
from alerts.topic.position import TopicPosition, position_after
from alerts.topic.signals_log import SignalsLog
from alerts.worker.decision_service import BatchSummary, DecisionService, DecisionTransaction
from common.bus.ports import Record
from common.retry import ExponentialBackoff

_log = structlog.get_logger()

PAUSE = (0.05, 5.0)  # seconds, first and longest, before a partition in doubt is opened again


class DecisionStore(Protocol):
    async def position(self, partition: int) -> TopicPosition | None:
        """Where it was left, None if it was never read. Raises `Unreachable`."""

    async def undelivered(self, partition: int) -> Collection[str]:
        """Accounts with a message that was tried and has not been sent. Raises `Unreachable`."""

    def transaction(
        self, partition: int, *, stored: TopicPosition | None, to: TopicPosition
    ) -> AbstractAsyncContextManager[DecisionTransaction]:
        """Moves the partition from `stored` to `to`. Raises `Fenced` if it stands elsewhere, or `Unreachable`."""


class PartitionReader(Protocol):
    def seek(self, partition: int, offset: int) -> None: ...

    def pause(self, partition: int) -> None: ...

    def at_end(self, partition: int) -> bool: ...


class PartitionContext(Struct, frozen=True):
    """What all partitions of a process share. `late_after` is seconds; `steady` never goes back."""

    decision_store: DecisionStore
    log: SignalsLog
    reader: PartitionReader
    decision_service: DecisionService
    metrics: AlertsMetrics
    steady: Callable[[], float]
    late_after: float


class SignalsPartition:
    """`position` is None while the partition is not open: then `turn` opens it."""

    def __init__(self, number: int, context: PartitionContext) -> None:
        self.number = number
        self._context = context
        self._reconsidered: set[str] = set()
        self._stored: TopicPosition | None = None  # differs from `position` only where the log was another one
        self.position: TopicPosition | None = None
        self._backoff = ExponentialBackoff(*PAUSE)
        self._not_before = 0.0
        self._unfinished: Sequence[Record] = ()  # a batch whose `CaughtUp` releases more than one turn decides

    def reconsider(self, account_id: str) -> None:
        """The sender could not deliver a message of this account: newer signals may have overtaken it."""
        self._reconsidered.add(account_id)

    async def turn(self, records: Sequence[Record]) -> bool:
        """Records and decides; whether there is something to send. After any error the records count as unread."""
        try:
            if self.position is None:
                await self._open()
                return False  # what was polled before the seek is polled again
            # Records that were polled before the pause are polled again after it.
            records = self._unfinished or records
            return await self._decide(records, self.position) if records or self._reconsidered else False
        except (Fenced, Unreachable) as error:
            self._forget(error)
            return False

    @property
    def busy(self) -> bool:
        """Whether records that were read are still undecided: the next turn should come at once."""
        return bool(self._unfinished)

    @property
    def level(self) -> bool:
        return self.position is not None and not self.busy and self._context.reader.at_end(self.number)

    def _forget(self, error: Fenced | Unreachable) -> None:
        reason, pause = type(error).__name__.lower(), self._backoff.next_pause()
        _log.warning("partition.reopened", partition=self.number, reason=reason, detail=str(error), pause=pause)
        self._context.metrics.reopened(reason)
        self._context.reader.pause(self.number)
        self.position = None
        self._unfinished = ()
        self._not_before = self._context.steady() + pause

    async def _open(self) -> None:
        if self._context.steady() < self._not_before:
            return
        self._unfinished = ()
        # The former owner may have failed to deliver these and not have decided them again.
        self._reconsidered |= set(await self._context.decision_store.undelivered(self.number))
        self._stored = await self._context.decision_store.position(self.number)
        self.position = await self._context.log.start(self.number, self._stored)
        self._context.reader.seek(self.number, self.position.to_offset)

    async def _decide(self, records: Sequence[Record], before: TopicPosition) -> bool:
        began = time.perf_counter()
        context = self._context
        batch = read_batch(records, late_after=context.late_after)
        late = await self._decide_late(batch, before)
        # The batch itself is decided after all its late signals, in a later turn.
        if late.more:
            self._hold(records)
            return late.to_send
        reconsidered, self._reconsidered = self._reconsidered, set()
        # Without records only pending messages are decided again, and the position stays.
        position = position_after(records[-1], before.cluster_id) if records else before
        try:
            async with context.decision_store.transaction(self.number, stored=self._stored, to=position) as transaction:
                summary = await context.decision_service.decide_batch(
                    batch, transaction, reconsidered=reconsidered, now=position.newest
                )
        except BaseException:
            self._reconsidered |= reconsidered
            raise
        self.position = self._stored = position
        self._backoff.reset()
        self._release(position)
        self._count(summary)
        for offset in batch.unreadable:
            context.metrics.took(RecordOutcome.UNREADABLE, 1)
            _log.error("record.unreadable", partition=self.number, offset=offset)
        _log.info(
            "run.decided",
            partition=self.number,
            recorded=summary.recorded,
            duplicates=summary.duplicates,
            decisions=len(summary.decisions),
            seconds=round(time.perf_counter() - began, 4),
        )
        return late.to_send or summary.to_send

    async def _decide_late(self, batch: SignalsBatch, before: TopicPosition) -> BatchSummary:
        """In a transaction of its own that leaves the position where it is: a crash after it repeats nothing."""
        if batch.caught_up is None:
            return BatchSummary()
        async with self._context.decision_store.transaction(self.number, stored=self._stored, to=before) as transaction:
            summary = await self._context.decision_service.decide_late(batch, transaction)
        self._stored = before
        self._count(summary)
        return summary

    def _hold(self, records: Sequence[Record]) -> None:
        """One `CaughtUp` may release tens of thousands of accounts; the other partitions get their turns meanwhile."""
        if not self._unfinished:
            self._context.reader.pause(self.number)
        self._unfinished = records

    def _release(self, position: TopicPosition) -> None:
        if self._unfinished:
            self._unfinished = ()
            self._context.reader.seek(self.number, position.to_offset)

    def _count(self, summary: BatchSummary) -> None:
        metrics = self._context.metrics
        metrics.took(RecordOutcome.RECORDED, summary.recorded)
        metrics.took(RecordOutcome.DUPLICATE, summary.duplicates)
        for decision in summary.decisions:
            metrics.decided(decision.reason)
