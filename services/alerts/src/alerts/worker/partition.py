"""One owned partition: opened where it was left, decided batch by batch, forgotten at any doubt."""

import time
from collections.abc import Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import NamedTuple, Protocol

import structlog
from msgspec import Struct

from alerts.metrics import AlertsMetrics, RecordOutcome
from alerts.topic.batch import ReadErasure, SignalsBatch, read_batch
from alerts.topic.position import TopicPosition, position_after
from alerts.topic.signals_log import SignalsLog
from alerts.topic.timers import PartitionTimers
from alerts.worker.decision_service import BatchSummary, DecisionService, DecisionTransaction
from common.bus.ports import Record
from common.contracts.events import Erased, Erasure, Lifting, MentionsErased, UserErased
from common.erasures.erasure_key import ErasureKey
from common.erasures.erasure_spans import ErasureRow, PartitionErasures, pseudonym_of, restore_erasures
from common.errors import Doubt
from common.retry import ExponentialBackoff

_log = structlog.get_logger()

LOOK = 10.0  # seconds between two looks at the timers, for other processes and other partitions set some
ERASING_NAMES = 600.0  # seconds at the most: every signal ever stored is searched for the id
PAUSE = (0.05, 5.0)  # seconds, first and longest, before a partition in doubt is opened again


class DecisionStore(Protocol):
    async def position(self, partition: int) -> TopicPosition | None:
        """Where it was left, None if it was never read. Raises `Unreachable`."""

    async def timers(self, partition: int) -> PartitionTimers:
        """Raises `Unreachable`."""

    async def undelivered(self, partition: int) -> Collection[str]:
        """Accounts with a message that was tried and has not been sent. Raises `Unreachable`."""

    async def erasures(self, partition: int) -> Sequence[ErasureRow]:
        """Raises `Unreachable`."""

    def transaction(
        self, partition: int, *, stored: TopicPosition | None, to: TopicPosition, patience: float | None = None
    ) -> AbstractAsyncContextManager[DecisionTransaction]:
        """Moves the partition from `stored` to `to`. Raises `Fenced` if it stands elsewhere, or `Unreachable`.

        It takes at most `patience` seconds, or the store's own.
        """


class PartitionContext(Struct, frozen=True):
    """What all partitions of a process share. Durations are seconds; `steady` never goes back.

    A partition that reads nothing for `gather` while people wait for it is waited for no longer.
    """

    decision_store: DecisionStore
    log: SignalsLog
    decision_service: DecisionService
    metrics: AlertsMetrics
    steady: Callable[[], float]
    late_after: float
    gather: float
    erasure_key: ErasureKey | None


class DecidedBatch(NamedTuple):
    """`to_send`: there are new messages. `taken` records are decided, `ticks` among them; the others come later."""

    to_send: bool = False
    taken: int = 0
    ticks: tuple[Record, ...] = ()


class SignalsPartition:
    """`position` is where the partition was read to, None before it is opened.

    `earliest` is when its next timer is due, in record time, as far as this process knows; None if there is none.
    """

    def __init__(self, number: int, context: PartitionContext) -> None:
        self.number = number
        self._context = context
        self._reconsidered: set[str] = set()
        self._stored: TopicPosition | None = None  # differs from `position` only where the log was another one
        self.position: TopicPosition | None = None
        self.earliest: float | None = None
        self._timers = PartitionTimers()
        self._looked = float("-inf")  # at the timers, by the steady clock
        self._behind_since = 0.0  # by the steady clock: so long the slowest partition has read nothing
        self._erasures = PartitionErasures(context.erasure_key)
        self._backoff = ExponentialBackoff(*PAUSE)

    def reconsider(self, account_id: str) -> None:
        """The sender could not deliver a message of this account: newer signals may have overtaken it."""
        self._reconsidered.add(account_id)

    def look_at_timers(self) -> None:
        """Another partition has set a timer, or has passed a moment that this one waits for: looks in the next turn."""
        self._looked = float("-inf")

    async def open(self) -> int:
        """The offset of the next record. Raises `Unreachable`, or `ErasureRefused` for want of the right key."""
        # The former owner may have failed to deliver these and not have decided them again.
        self._reconsidered |= set(await self._context.decision_store.undelivered(self.number))
        await self._look_at_timers()
        self._stored = await self._context.decision_store.position(self.number)
        self.position = await self._context.log.start(self.number, self._stored)
        self._erasures = restore_erasures(
            await self._context.decision_store.erasures(self.number),
            cluster_id=self.position.cluster_id,
            key=self._context.erasure_key,
        )
        return self.position.to_offset

    def forget(self, doubt: Doubt) -> float:
        """Drops the position; seconds until the partition may be opened again."""
        reason, pause = type(doubt).__name__.lower(), self._backoff.next_pause()
        _log.warning("partition.reopened", partition=self.number, reason=reason, detail=str(doubt), pause=pause)
        self._context.metrics.reopened(reason)
        self.position = None
        return pause

    async def decide(self, records: Sequence[Record]) -> DecidedBatch:
        """Records the first of these signals and decides them; fires the timers that are due at the ticks before them.

        Raises `Fenced` and `Unreachable`: then the records count as unread.
        """
        before = self.position
        # Other processes set timers, too; they are found here at the latest.
        if before is not None and self._context.steady() - self._looked >= LOOK:
            await self._look_at_timers()
        told = BatchSummary()
        if before is not None and (self._timers.ready or self._gives_up_waiting()):
            told = await self._tell_gathered(before)
        if before is None or not (records or self._reconsidered):
            return DecidedBatch(told.to_send)
        began = time.perf_counter()
        context = self._context
        batch = read_batch(records, late_after=context.late_after, erasures=self._erasures)
        if batch.erasure is not None:
            await self._erase(batch.erasure, position_after(records[0], before.cluster_id))
            return DecidedBatch(told.to_send, batch.taken)
        due = await self._fire_due(batch, before)
        late = BatchSummary() if due.more else await self._decide_late(batch, before)
        to_send = told.to_send or due.to_send or late.to_send
        # The batch itself is decided after all these, in a later turn: one `CaughtUp` may release tens of thousands of
        # accounts, and one tick may fire as many timers.
        if due.more or late.more:
            return DecidedBatch(to_send)
        reconsidered, self._reconsidered = self._reconsidered, set()
        # Without records only pending messages are decided again, and the position stays.
        position = position_after(records[batch.taken - 1], before.cluster_id) if records else before
        try:
            async with context.decision_store.transaction(self.number, stored=self._stored, to=position) as transaction:
                summary = await context.decision_service.decide_batch(
                    batch, transaction, reconsidered=reconsidered, now=position.newest
                )
                # The owner of somebody's timer may wait for this partition to pass its moment.
                if self._timers.gathering is not None and self._timers.gathering <= position.newest:
                    await transaction.gatherings.wake_owners()
        except BaseException:
            self._reconsidered |= reconsidered
            raise
        self.position = self._stored = position
        self._backoff.reset()
        self._count(summary)
        if self._timers.gathering is not None and self._timers.gathering <= position.newest:
            await self._look_at_timers()
        context.metrics.took(RecordOutcome.ERASED, batch.erased)
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
        return DecidedBatch(to_send or summary.to_send, batch.taken, batch.ticks)

    async def _erase(self, read: ReadErasure, position: TopicPosition) -> None:
        """In a transaction of its own, before anything that came after it. Raises `ErasureRefused`."""
        said, known = read.said, self._erasures
        if isinstance(said, MentionsErased):
            await self._erase_mentions(said, position)
            return
        row = None if isinstance(said, Lifting) else self._new_erasure(said, read.offset, position.cluster_id)
        patience = ERASING_NAMES if isinstance(said, UserErased) else None
        async with self._context.decision_store.transaction(
            self.number, stored=self._stored, to=position, patience=patience
        ) as transaction:
            if isinstance(said, Lifting):
                await transaction.lift(said.erasure_id, read.offset)
            elif row is not None:
                await transaction.erase(said, row, recorded=read.recorded)
        self.position = self._stored = position
        self._backoff.reset()
        if isinstance(said, Lifting):
            known.lift(pseudonym_of(said), said.erasure_id, read.offset)
        elif row is not None:
            known.erase(row.pseudonym, row.erasure_id, row.erased_at, row.substitute)
            if isinstance(said, Erased):
                self._reconsidered.discard(said.account_id)
            event = "account.erased" if isinstance(said, Erased) else "user.erased"
            _log.info(event, partition=self.number, offset=read.offset, erasure=said.erasure_id)
        await self._look_at_timers()

    async def _erase_mentions(self, said: MentionsErased, position: TopicPosition) -> None:
        async with self._context.decision_store.transaction(
            self.number, stored=self._stored, to=position, patience=ERASING_NAMES
        ) as transaction:
            alerts = await transaction.erase_mentions(said)
        self.position = self._stored = position
        self._backoff.reset()
        _log.info("mentions.erased", partition=self.number, erasure=said.erasure_id, alerts=alerts)

    def _new_erasure(self, erased: Erasure, offset: int, cluster_id: str) -> ErasureRow | None:
        """None of a request that was lifted already."""
        pseudonym, fingerprint = self._erasures.check(erased)
        if self._erasures.is_over(erased, offset):
            return None
        return ErasureRow(
            pseudonym=pseudonym,
            fingerprint=fingerprint,
            cluster_id=cluster_id,
            erasure_id=erased.erasure_id,
            erased_at=offset,
            lifted_at=None,
            substitute=erased.substitute if isinstance(erased, UserErased) else None,
        )

    async def _look_at_timers(self) -> None:
        # Taken first: a notice that comes meanwhile asks for another look.
        self._looked = now = self._context.steady()
        timers = await self._context.decision_store.timers(self.number)
        if timers.behind != self._timers.behind:
            self._behind_since = now
        self._timers = timers
        self.earliest = self._timers.earliest

    def _gives_up_waiting(self) -> bool:
        """A partition without a worker must not keep everybody's messages back."""
        waits = self._timers.behind is not None
        return waits and self._context.steady() - self._behind_since >= self._context.gather

    async def _tell_gathered(self, before: TopicPosition) -> BatchSummary:
        """In a transaction of its own that leaves the position where it is: a crash after it tells nothing twice."""
        regardless = self._gives_up_waiting()
        if regardless:
            _log.warning("gathering.incomplete", partition=self.number, behind=self._timers.behind)
        async with self._context.decision_store.transaction(self.number, stored=self._stored, to=before) as transaction:
            summary = await self._context.decision_service.tell_gathered(transaction, regardless=regardless)
        self._stored = before
        self._count(summary)
        await self._look_at_timers()
        return summary

    async def _fire_due(self, batch: SignalsBatch, before: TopicPosition) -> BatchSummary:
        """In a transaction of its own that leaves the position where it is: a crash after it fires nothing twice."""
        if batch.tick is None or self.earliest is None or self.earliest > batch.tick:
            return BatchSummary()
        async with self._context.decision_store.transaction(self.number, stored=self._stored, to=before) as transaction:
            summary = await self._context.decision_service.decide_due(batch.tick, transaction)
        self._stored = before
        self._count(summary)
        await self._look_at_timers()
        return summary

    async def _decide_late(self, batch: SignalsBatch, before: TopicPosition) -> BatchSummary:
        """In a transaction of its own that leaves the position where it is: a crash after it repeats nothing."""
        if batch.caught_up is None:
            return BatchSummary()
        async with self._context.decision_store.transaction(self.number, stored=self._stored, to=before) as transaction:
            summary = await self._context.decision_service.decide_late(batch, transaction)
        self._stored = before
        self._count(summary)
        return summary

    def _count(self, summary: BatchSummary) -> None:
        metrics = self._context.metrics
        metrics.took(RecordOutcome.RECORDED, summary.recorded)
        metrics.took(RecordOutcome.DUPLICATE, summary.duplicates)
        metrics.fired(summary.fired)
        if summary.earliest is not None:
            self.earliest = summary.earliest if self.earliest is None else min(self.earliest, summary.earliest)
        for decision in summary.decisions:
            metrics.decided(decision.reason)
