"""A worker of a consumer group: it polls Kafka and delivers each owned partition its records."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Generic

import structlog
from msgspec import Struct

from common.bus.errors import BusUnavailable, OffsetOutOfRange
from common.bus.ports import Consumer
from common.partition_consumer.inbox import Inbox
from common.partition_consumer.owned_partition import H, OwnedPartition
from common.partition_consumer.ports import OwnershipMetrics
from common.retry import Outage, retry_until_available
from common.startup import NOT_STARTED
from common.stopping import poll_until_stopped, run_until_stopped

_log = structlog.get_logger()


class PollRules(Struct, frozen=True, kw_only=True):
    """A poll brings at most `max_records`. It waits for records for `longest_wait` seconds.

    It waits for `shortest_wait` only while a partition waits to be opened, or is left out because its inbox is full.
    """

    max_records: int
    shortest_wait: float
    longest_wait: float


class PartitionWorker(Generic[H]):
    """Joins the group, and runs an `OwnedPartition` for each partition that it is assigned."""

    def __init__(
        self,
        *,
        consumer: Consumer,
        make_handler: Callable[[int, Inbox], H],
        choose_polled: Callable[[Mapping[int, Inbox]], Collection[int]],
        position_lost: Callable[[OffsetOutOfRange], None],
        metrics: OwnershipMetrics,
        steady: Callable[[], float],
        rules: PollRules,
        before_poll: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """`make_handler` gets the number of an assigned partition, and its inbox.

        `choose_polled` returns the partitions, of all that are owned, of which the next poll may bring more records.
        `position_lost` is told that the log no longer holds the next record of a partition. It raises `StopWorker` if
        only a person can decide; if it returns, the partition is opened again. `before_poll` is awaited before every
        poll. `steady` is seconds of a clock that never goes back.
        """
        self._consumer = consumer
        self._make_handler = make_handler
        self._choose_polled = choose_polled
        self._position_lost = position_lost
        self._metrics = metrics
        self._steady = steady
        self._rules = rules
        self._before_poll = before_poll
        self._owned: dict[int, OwnedPartition[H]] = {}
        self._stopping = asyncio.Event()  # told to stop, or failed
        self._failure: BaseException | None = None
        self._log_outage = Outage("log")
        self._polled = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises `StopWorker` if only a person can decide, and whatever a partition fails with.

        A stop lets transactions under way finish. A cancellation cuts them short.
        """
        stop_task = asyncio.create_task(stop.wait())
        stop_task.add_done_callback(lambda _: self._stopping.set())
        stopping_task = asyncio.create_task(self._stopping.wait())
        try:
            await run_until_stopped(
                stop, retry_until_available(self._join, outage=self._log_outage, retry_on=BusUnavailable)
            )
            while not self._stopping.is_set():
                await self._poll_and_deliver(stopping_task)
        except asyncio.CancelledError:
            for owned in self._owned.values():
                owned.cut_short()
            raise
        finally:
            stop_task.cancel()
            stopping_task.cancel()
            leaving = tuple(self._owned.values())
            try:
                await self._on_revoked(frozenset(self._owned))
            except asyncio.CancelledError:
                for owned in leaving:
                    owned.cut_short()
                raise
            finally:
                await self._consumer.stop()
        if self._failure is not None:
            raise self._failure

    @property
    def handlers(self) -> dict[int, H]:
        """Those of the partitions that are owned now."""
        return {number: owned.handler for number, owned in self._owned.items()}

    def ready(self) -> str | None:
        """Why this worker should not be counted on, None if it should."""
        if self._log_outage.reason is not None or not self._polled:
            return self._log_outage.reason or NOT_STARTED
        reasons = [str(stop) for owned in self._owned.values() if (stop := owned.stopped_by) is not None]
        if unopened := self._unopened():
            reasons.append(f"partitions not open: {unopened}")
        return "; ".join(reasons) or None

    def open_count(self) -> int:
        """How many of the owned partitions are open."""
        return sum(owned.is_open for owned in self._owned.values())

    def _unopened(self) -> list[int]:
        """Those that are still to be opened."""
        return sorted(one.number for one in self._owned.values() if not one.is_open and one.stopped_by is None)

    async def _join(self) -> None:
        await self._consumer.start(assigned=self._on_assigned, revoked=self._on_revoked)

    async def _poll_and_deliver(self, stopping: asyncio.Task[bool]) -> None:
        if self._before_poll is not None:
            await self._before_poll()
        rules = self._rules
        wanted = self._choose_polled({number: owned.inbox for number, owned in self._owned.items()})
        if self._owned and not wanted:
            await asyncio.sleep(rules.shortest_wait)
            return
        # A partition that is opened again during the poll must not take the poll's records: see its `deliver`.
        epochs = {owned: owned.epoch for owned in map(self._owned.__getitem__, wanted)}
        soon = self._unopened() or len(wanted) < len(self._owned) or not self._owned
        poll = self._consumer.poll(
            max_records=rules.max_records, timeout=rules.shortest_wait if soon else rules.longest_wait, only=wanted
        )
        try:
            polled = await poll_until_stopped(stopping, poll)
        except OffsetOutOfRange as lost:
            self._position_lost(lost)
            if (at := self._owned.get(lost.partition)) is not None:
                at.reopen()
            polled = {}
        except BusUnavailable as error:
            self._log_outage.report(error)
            await asyncio.sleep(rules.longest_wait)
            return
        self._log_outage.end()
        self._polled = True
        if polled is None:
            return
        for number, owned in self._owned.items():
            if owned in epochs or number in polled:
                owned.deliver(polled.get(number, ()), epoch=epochs.get(owned, 0))
            elif not self._consumer.at_end(number):
                owned.inbox.read_to_end = False

    async def _on_assigned(self, partitions: frozenset[int]) -> None:
        for number in sorted(partitions):
            self._owned[number] = OwnedPartition(
                number,
                make_handler=self._make_handler,
                reader=self._consumer,
                steady=self._steady,
                open_wait=self._rules.shortest_wait,
                on_failure=self._fail,
            )
        self._metrics.owned(len(self._owned))
        _log.info("partitions.assigned", partitions=sorted(partitions))

    async def _on_revoked(self, partitions: frozenset[int]) -> None:
        leaving = {number: self._owned.pop(number) for number in partitions if number in self._owned}
        await asyncio.gather(*(owned.close() for owned in leaving.values()))
        for number in leaving:
            self._metrics.lost(number)
        self._metrics.owned(len(self._owned))

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._stopping.set()
