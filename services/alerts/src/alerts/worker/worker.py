"""The worker: polls, lets every owned partition decide, and says which partitions may send."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import structlog

from alerts.metrics import AlertsMetrics
from alerts.worker.owned_partition import OwnedSignalsPartition
from common.bus.errors import BusUnavailable, OffsetOutOfRange
from common.bus.ports import Assigned, Record
from common.retry import Outage, retry_until_available
from common.startup import NOT_STARTED
from common.stopping import PolledRecords, poll_until_stopped, run_until_stopped

_log = structlog.get_logger()

POLL = (0.05, 0.5)  # seconds, shortest and longest wait for records


class SignalsConsumer(Protocol):
    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None: ...

    async def stop(self) -> None: ...

    def poll(self, *, max_records: int, timeout: float) -> Coroutine[Any, Any, PolledRecords]: ...


class AlertsWorker:
    """`clock` is seconds since the epoch. `wake` wakes the sender when there may be something to send."""

    def __init__(
        self,
        *,
        consumer: SignalsConsumer,
        own: Callable[[int], OwnedSignalsPartition],
        metrics: AlertsMetrics,
        wake: Callable[[], None],
        clock: Callable[[], float],
        max_records: int,
    ) -> None:
        self._consumer = consumer
        self._own = own
        self._metrics = metrics
        self._wake = wake
        self._clock = clock
        self._max_records = max_records
        self._owned: dict[int, OwnedSignalsPartition] = {}
        metrics.count_open(lambda: len(self.open_partitions()))
        self._log_outage = Outage("log")
        self._polled = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set."""
        stopping = asyncio.create_task(stop.wait())
        try:
            await run_until_stopped(
                stop, retry_until_available(self._join, outage=self._log_outage, retry_on=BusUnavailable)
            )
            while not stop.is_set():
                await self._poll_and_turn(stopping)
        finally:
            stopping.cancel()
            await self._revoked(frozenset(self._owned))
            await self._consumer.stop()

    async def _join(self) -> None:
        await self._consumer.start(assigned=self._assigned, revoked=self._revoked)

    def ready(self) -> str | None:
        """Why this process should not be counted on, None if it should."""
        if self._log_outage.reason is not None or not self._polled:
            return self._log_outage.reason or NOT_STARTED
        unopened = [number for number, owned in self._owned.items() if owned.partition.position is None]
        return f"partitions not open: {sorted(unopened)}" if unopened else None

    def open_partitions(self) -> frozenset[int]:
        """Those whose messages this process may send."""
        now = self._clock()
        return frozenset(number for number, owned in self._owned.items() if owned.may_send(now))

    def holds_back(self, partition: int) -> bool:
        """Whether a claimed message must wait: its partition fell behind, and unread signals may take it back.

        A partition of another owner holds nothing back here: the message's lease says who sends it.
        """
        owned = self._owned.get(partition)
        return owned is not None and not owned.may_send(self._clock())

    def reconsider(self, partition: int, account_id: str) -> None:
        """The sender could not deliver a message: newer signals may have overtaken it meanwhile."""
        if (owned := self._owned.get(partition)) is not None:
            owned.partition.reconsider(account_id)

    async def _poll_and_turn(self, stopping: asyncio.Task[bool]) -> None:
        poll = self._consumer.poll(max_records=self._max_records, timeout=self._poll_timeout())
        try:
            polled = await poll_until_stopped(stopping, poll)
        # Retention or a new log took the position away: open the partition again, which finds out.
        except OffsetOutOfRange as lost:
            _log.error("log.lost", partition=lost.partition, offset=lost.offset)
            if (owned := self._owned.get(lost.partition)) is not None:
                owned.partition.position = None
            polled = {}
        except BusUnavailable as error:
            self._log_outage.report(error)
            await asyncio.sleep(POLL[1])
            return
        self._log_outage.end()
        self._polled = True
        if polled is None:
            return
        await self._turn_all(polled)

    async def _turn_all(self, polled: Mapping[int, Sequence[Record]]) -> None:
        owned, now = dict(self._owned), self._clock()
        await asyncio.gather(*(self._turn(one, polled.get(number, ()), now) for number, one in owned.items()))

    async def _turn(self, owned: OwnedSignalsPartition, records: Sequence[Record], now: float) -> None:
        if await owned.turn(records, now=now):
            self._wake()  # at once: the slowest partition of the round must not delay the sender

    def _poll_timeout(self) -> float:
        # A partition still has records to decide: do not wait for new ones.
        if any(owned.partition.busy for owned in self._owned.values()):
            return 0.0
        # While a partition is not open, poll often: opening happens in its turns.
        waiting = not self._owned or any(owned.partition.position is None for owned in self._owned.values())
        return POLL[0] if waiting else POLL[1]

    async def _assigned(self, partitions: frozenset[int]) -> None:
        for number in sorted(partitions):
            owned = self._owned[number] = self._own(number)
            self._metrics.watch_partition(number, lag=partial(self._behind, owned))
        self._metrics.owned(len(self._owned))
        _log.info("partitions.assigned", partitions=sorted(partitions))

    def _behind(self, owned: OwnedSignalsPartition) -> float:
        return owned.behind(self._clock())

    async def _revoked(self, partitions: frozenset[int]) -> None:
        leaving = {number: self._owned.pop(number) for number in partitions if number in self._owned}
        await asyncio.gather(*(owned.close() for owned in leaving.values()))
        for number in leaving:
            self._metrics.lost(number)
        self._metrics.owned(len(self._owned))
