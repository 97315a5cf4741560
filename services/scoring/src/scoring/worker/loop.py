"""The main loop of a worker: it polls Kafka, delivers records to the partitions it owns, and writes heartbeats."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, Protocol

import structlog

from common.bus.errors import BusUnavailable, OffsetOutOfRange
from common.bus.ports import Assigned, Record
from common.retry import Outage, retry_until_available
from common.startup import NOT_STARTED
from common.stopping import PolledRecords, poll_until_stopped, run_until_stopped
from scoring.errors import Doubt, StopWorker
from scoring.partition.inbox import choose_polled
from scoring.worker.assignment import AssignedPartition
from scoring.worker.heartbeat import Heartbeat
from scoring.worker.housekeeping.task import Housekeeping
from scoring.worker.metrics import WorkerMetrics
from scoring.worker.progress import PartitionProgress

_log = structlog.get_logger()

POLL_WAIT = (0.02, 0.5)  # seconds, shortest and longest wait for records
HEARTBEAT_EVERY = 1.0
HANDOVER_TIMEOUT = 5.0  # seconds; a commit under way may delay the group's rebalance by so much
OnFailure = Callable[[BaseException], None]


class EventsConsumer(Protocol):
    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None: ...

    async def stop(self) -> None: ...

    def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Coroutine[Any, Any, PolledRecords]: ...


class HeartbeatStore(Protocol):
    async def write_heartbeats(self, heartbeats: Sequence[Heartbeat]) -> None: ...


class OwnedPartition:
    """A partition with its three tasks: one scores records, one relays the outbox, one does the housekeeping.

    The worker hands it over between two transactions.
    """

    def __init__(
        self,
        partition: AssignedPartition,
        progress: PartitionProgress,
        housekeeping: Housekeeping,
        *,
        max_outbox_rows: int,
        on_failure: OnFailure,
    ) -> None:
        """Scoring waits while more than `max_outbox_rows` are unsent. `on_failure` gets what a task fails with."""
        self.partition = partition
        self.heartbeat: Heartbeat | None = None
        self._progress = progress
        self._max_outbox_rows = max_outbox_rows
        self._on_failure = on_failure
        self._wake = asyncio.Event()
        self._closed = False
        self._relay_task = asyncio.ensure_future(partition.relay.run())
        self._housekeeping_task = asyncio.ensure_future(housekeeping.run())
        self._scoring_task = asyncio.ensure_future(self._score_until_closed())
        for task in (self._relay_task, self._scoring_task):
            task.add_done_callback(self._report_failure)

    def _report_failure(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self._closed:
            self._on_failure(error)

    def deliver(self, records: Sequence[Record], *, epoch: int) -> None:
        """Takes what a poll returned, possibly nothing; see `AssignedPartition.deliver`."""
        # Records behind others that wait are not the oldest unread ones, so they say nothing about the lag.
        all_committed = not self.partition.has_uncommitted
        accepted = self.partition.deliver(records, epoch=epoch)
        self._progress.record_poll(records if accepted and all_committed else ())
        if records:
            self._wake.set()

    async def close(self) -> None:
        """Ends the tasks. A commit under way may finish; if it comes too late, the fence stops it."""
        self._closed = True
        self._relay_task.cancel()  # first: scoring may be waiting for the outbox to shrink
        self._housekeeping_task.cancel()
        self.partition.inbox.clear()
        self._wake.set()
        try:
            async with asyncio.timeout(HANDOVER_TIMEOUT):
                await asyncio.wait([self._scoring_task])
        except TimeoutError:
            _log.warning("partition.handed_over_late", partition=self.partition.number)
        await asyncio.gather(self._relay_task, self._housekeeping_task, return_exceptions=True)
        # Objects that refer to each other wait for the collector; the accounts of a partition are too many for that.
        self.partition.memory = None

    async def _score_until_closed(self) -> None:
        while not self._closed:
            self._wake.clear()
            await self._score_once()
            if not self.partition.inbox:
                # Wakes for records, for the next timer, or to open the partition.
                waking = asyncio.get_running_loop().call_later(self._wait_seconds(), self._wake.set)
                await self._wake.wait()
                waking.cancel()

    async def _score_once(self) -> None:
        if self.partition.inbox:
            await self.partition.relay.wait_until_below(self._max_outbox_rows)
        result = None if self._closed else await self.partition.open_or_score()
        if result is not None:
            self._progress.record_run(result)
        # A closed partition has a new owner, and only the new owner knows what is still to be told.
        if not self._closed:
            self.heartbeat = await self._progress.send_due()

    def _wait_seconds(self) -> float:
        if self.partition.stopped_by is not None:
            return POLL_WAIT[1]
        memory = self.partition.memory
        if memory is None:
            return POLL_WAIT[0]
        earliest = memory.timers.earliest()
        if earliest is None:
            return POLL_WAIT[1]
        return max(POLL_WAIT[0], min(POLL_WAIT[1], earliest - self._progress.now()))


class ScoringWorker:
    def __init__(
        self,
        *,
        consumer: EventsConsumer,
        make_partition: Callable[[int, OnFailure], OwnedPartition],
        heartbeats: HeartbeatStore,
        metrics: WorkerMetrics,
        clock: Callable[[], float],
        max_records: int,
    ) -> None:
        """`make_partition` builds an owned partition, which calls the given function if it fails.

        `clock` is the worker's own, in seconds since the epoch.
        """
        self._consumer = consumer
        self._make_partition = make_partition
        self._heartbeats = heartbeats
        self._metrics = metrics
        self._clock = clock
        self._max_records = max_records
        self._owned: dict[int, OwnedPartition] = {}
        self._heartbeat_at = float("-inf")
        self._stopping = asyncio.Event()  # told to stop, or failed
        self._failure: BaseException | None = None
        self._log_outage = Outage("log")
        metrics.count_open(lambda: sum(owned.partition.memory is not None for owned in self._owned.values()))
        self._polled = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises `StopWorker` if only a person can decide."""
        stop_task = asyncio.create_task(stop.wait())
        stop_task.add_done_callback(lambda _: self._stopping.set())
        stopping_task = asyncio.create_task(self._stopping.wait())
        try:
            await run_until_stopped(
                stop, retry_until_available(self._join, outage=self._log_outage, retry_on=BusUnavailable)
            )
            while not self._stopping.is_set():
                await self._poll_and_deliver(stopping_task)
        finally:
            stop_task.cancel()
            stopping_task.cancel()
            await self._on_revoked(frozenset(self._owned))
            await self._consumer.stop()
        if self._failure is not None:
            raise self._failure

    async def _join(self) -> None:
        await self._consumer.start(assigned=self._on_assigned, revoked=self._on_revoked)

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._stopping.set()

    def ready(self) -> str | None:
        """Why this worker should not be counted on, None if it should."""
        if self._log_outage.reason is not None or not self._polled:
            return self._log_outage.reason or NOT_STARTED
        reasons = [str(stop) for owned in self._owned.values() if (stop := owned.partition.stopped_by) is not None]
        if unopened := self._unopened():
            reasons.append(f"partitions not open: {unopened}")
        return "; ".join(reasons) or None

    def _unopened(self) -> list[int]:
        """Those that are still to be opened."""
        partitions = (owned.partition for owned in self._owned.values())
        return sorted(one.number for one in partitions if one.memory is None and one.stopped_by is None)

    def positions(self) -> dict[int, tuple[int, int]]:
        """The next offset of each open partition, and how many outbox rows are known to wait (at least)."""
        return {
            number: (memory.position.to_offset, owned.partition.relay.depth or int(not owned.partition.relay.empty))
            for number, owned in self._owned.items()
            if (memory := owned.partition.memory) is not None
        }

    async def _poll_and_deliver(self, stopping: asyncio.Task[bool]) -> None:
        await self._write_heartbeats()
        wanted = choose_polled({number: owned.partition.inbox for number, owned in self._owned.items()})
        if self._owned and not wanted:
            await asyncio.sleep(POLL_WAIT[0])
            return
        # A partition that is opened again during the poll must not take the poll's records: see its `deliver`.
        epochs = {owned: owned.partition.epoch for owned in map(self._owned.__getitem__, wanted)}
        # A short poll if a partition waits to be opened, or is left out of this poll because it has enough.
        soon = self._unopened() or len(wanted) < len(self._owned) or not self._owned
        poll = self._consumer.poll(
            max_records=self._max_records, timeout=POLL_WAIT[0] if soon else POLL_WAIT[1], only=wanted
        )
        try:
            polled = await poll_until_stopped(stopping, poll)
        except OffsetOutOfRange as lost:
            raise StopWorker(
                f"the log no longer holds offset {lost.offset} of partition {lost.partition}, which comes next; "
                "look with `python -m scoring log show`, decide with `python -m scoring log adopt`"
            ) from lost
        except BusUnavailable as error:
            self._log_outage.report(error)
            await asyncio.sleep(POLL_WAIT[1])
            return
        self._log_outage.end()
        self._polled = True
        if polled is None:
            return
        for number, owned in self._owned.items():
            if owned in epochs or number in polled:
                owned.deliver(polled.get(number, ()), epoch=epochs.get(owned, 0))

    async def _write_heartbeats(self) -> None:
        heartbeats = [owned.heartbeat for owned in self._owned.values() if owned.heartbeat is not None]
        now = self._clock()
        # Negative after the clock was set back: then heartbeats go on at once, not when it has caught up.
        if not heartbeats or 0.0 <= now - self._heartbeat_at < HEARTBEAT_EVERY:
            return
        self._heartbeat_at = max(heartbeat.at for heartbeat in heartbeats)
        try:
            await self._heartbeats.write_heartbeats(heartbeats)
        except Doubt as error:
            _log.warning("heartbeat.unwritten", reason=str(error))

    async def _on_assigned(self, partitions: frozenset[int]) -> None:
        for number in sorted(partitions):
            self._owned[number] = self._make_partition(number, self._fail)
        self._metrics.owned(len(self._owned))
        _log.info("partitions.assigned", partitions=sorted(partitions))

    async def _on_revoked(self, partitions: frozenset[int]) -> None:
        leaving = {number: self._owned.pop(number) for number in partitions if number in self._owned}
        await asyncio.gather(*(owned.close() for owned in leaving.values()))
        for number in leaving:
            self._metrics.lost(number)
        self._metrics.owned(len(self._owned))
