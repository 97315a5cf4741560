"""The worker: it owns partitions of the signals topic, decides their records, and says which of them may send."""

import asyncio
from collections.abc import Callable

import structlog

from alerts.metrics import AlertsMetrics
from alerts.worker.handler import SignalsHandler
from common.bus.errors import OffsetOutOfRange
from common.bus.ports import Consumer
from common.partition_consumer.inbox import Inbox
from common.partition_consumer.inbox_limits import InboxLimits
from common.partition_consumer.worker import PartitionWorker, PollRules

_log = structlog.get_logger()

POLL_WAIT = (0.05, 0.5)  # seconds, shortest and longest wait for records


class AlertsWorker:
    def __init__(
        self,
        *,
        consumer: Consumer,
        make_handler: Callable[[int, Inbox], SignalsHandler],
        metrics: AlertsMetrics,
        clock: Callable[[], float],
        steady: Callable[[], float],
        max_records: int,
    ) -> None:
        """`make_handler` builds what decides an assigned partition. `clock` is seconds since the epoch."""
        self._make_handler = make_handler
        self._metrics = metrics
        self._clock = clock
        self._worker = PartitionWorker(
            consumer=consumer,
            make_handler=self._make_watched_handler,
            # One batch waits while another is decided.
            choose_polled=InboxLimits(max_records=max_records).choose_polled,
            position_lost=self._position_lost,
            metrics=metrics,
            steady=steady,
            rules=PollRules(max_records=max_records, shortest_wait=POLL_WAIT[0], longest_wait=POLL_WAIT[1]),
        )
        metrics.count_open(lambda: len(self.open_partitions()))

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        await self._worker.run(stop)

    def ready(self) -> str | None:
        """Why this process should not be counted on, None if it should."""
        return self._worker.ready()

    def open_partitions(self) -> frozenset[int]:
        """Those whose messages this process may send."""
        now = self._clock()
        return frozenset(number for number, handler in self._worker.handlers.items() if handler.may_send(now))

    def holds_back(self, partition: int) -> bool:
        """Whether a claimed message must wait: its partition fell behind, and unread signals may take it back.

        A partition of another owner holds nothing back here: the message's lease says who sends it.
        """
        handler = self._worker.handlers.get(partition)
        return handler is not None and not handler.may_send(self._clock())

    def reconsider(self, partition: int, account_id: str) -> None:
        """The sender could not deliver a message: newer signals may have overtaken it meanwhile."""
        # A message about many accounts has none of its own, and is not decided again.
        if account_id and (handler := self._worker.handlers.get(partition)) is not None:
            handler.partition.reconsider(account_id)

    def look_at_timers(self) -> None:
        """Another process has set a timer, or has read past a moment that a partition here waits for."""
        for handler in self._worker.handlers.values():
            handler.partition.look_at_timers()

    def _make_watched_handler(self, number: int, inbox: Inbox) -> SignalsHandler:
        handler = self._make_handler(number, inbox)
        self._metrics.watch_partition(number, lag=handler.lag)
        return handler

    def _position_lost(self, lost: OffsetOutOfRange) -> None:
        """Retention or a new log took the position away: opening the partition again finds out."""
        _log.error("log.lost", partition=lost.partition, offset=lost.offset)
        if (handler := self._worker.handlers.get(lost.partition)) is not None:
            handler.gate.shut()
