"""The worker: it owns partitions of the events topic, scores their records, and writes heartbeats."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from common.bus.errors import OffsetOutOfRange
from common.bus.ports import Consumer
from common.errors import Doubt, StopWorker
from common.partition_consumer.inbox import Inbox
from common.partition_consumer.inbox_limits import InboxLimits
from common.partition_consumer.worker import PartitionWorker, PollRules
from scoring.worker.announcements import AnnouncementWatch
from scoring.worker.event_use_report import EventUseReport
from scoring.worker.handler import ScoringHandler
from scoring.worker.heartbeat import Heartbeat
from scoring.worker.metrics import WorkerMetrics

_log = structlog.get_logger()

POLL_WAIT = (0.02, 0.5)  # seconds, shortest and longest wait for records
HEARTBEAT_EVERY = 1.0
# Deep inboxes keep the scorer busy, and make deep commits, which write fewer states an event.
INBOX_LIMITS = InboxLimits(max_records=10_000)


class HeartbeatStore(Protocol):
    async def write_heartbeats(self, heartbeats: Sequence[Heartbeat]) -> None: ...


class ScoringWorker:
    def __init__(
        self,
        *,
        consumer: Consumer,
        make_handler: Callable[[int, Inbox], ScoringHandler],
        heartbeats: HeartbeatStore,
        event_use: EventUseReport,
        announcements: AnnouncementWatch,
        metrics: WorkerMetrics,
        clock: Callable[[], float],
        steady: Callable[[], float],
        max_records: int,
    ) -> None:
        """`make_handler` builds what scores an assigned partition.

        `clock` is the worker's own, in seconds since the epoch; `steady` never goes back.
        """
        self._heartbeats = heartbeats
        self._event_use = event_use
        self._announcements = announcements
        self._clock = clock
        self._heartbeat_at = float("-inf")
        self._worker = PartitionWorker(
            consumer=consumer,
            make_handler=make_handler,
            choose_polled=INBOX_LIMITS.choose_polled,
            position_lost=_stop,
            metrics=metrics,
            steady=steady,
            rules=PollRules(max_records=max_records, shortest_wait=POLL_WAIT[0], longest_wait=POLL_WAIT[1]),
            before_poll=self._report,
        )
        metrics.count_open(self._worker.open_count)

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises `StopWorker` if only a person can decide."""
        try:
            await self._worker.run(stop)
        finally:
            await self._event_use.write()

    def ready(self) -> str | None:
        """Why this worker should not be counted on, None if it should."""
        return self._worker.ready()

    @property
    def handlers(self) -> dict[int, ScoringHandler]:
        """Those of the partitions that it owns now."""
        return self._worker.handlers

    def positions(self) -> dict[int, tuple[int, int]]:
        """The next offset of each open partition, and how many outbox rows are known to wait (at least)."""
        found = {}
        for number, handler in self.handlers.items():
            memory, relay = handler.partition.memory, handler.partition.relay
            if memory is not None:
                found[number] = (memory.position.to_offset, relay.depth or int(not relay.empty))
        return found

    async def _report(self) -> None:
        await self._write_heartbeats()
        await self._event_use.write_due()
        await self._announcements.look_if_due()

    async def _write_heartbeats(self) -> None:
        heartbeats = [one.heartbeat for one in self.handlers.values() if one.heartbeat is not None]
        now = self._clock()
        # Negative after the clock was set back: then heartbeats go on at once, not when it has caught up.
        if not heartbeats or 0.0 <= now - self._heartbeat_at < HEARTBEAT_EVERY:
            return
        self._heartbeat_at = max(heartbeat.at for heartbeat in heartbeats)
        try:
            await self._heartbeats.write_heartbeats(heartbeats)
        except Doubt as error:
            _log.warning("heartbeat.unwritten", reason=str(error))


def _stop(lost: OffsetOutOfRange) -> None:
    raise StopWorker(
        f"the log no longer holds offset {lost.offset} of partition {lost.partition}, which comes next; "
        "look with `python -m scoring log show`, decide with `python -m scoring log adopt`"
    ) from lost
