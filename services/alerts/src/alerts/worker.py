"""The loop: poll, let every owned partition decide, and say which partitions may send."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from functools import partial
from typing import Any, Protocol

import structlog

from alerts.metrics import AlertsMetrics
from alerts.partition import Partition
from common.bus.errors import BusUnavailable, OffsetOutOfRange
from common.bus.ports import Assigned, Record
from common.lag import Lag
from common.retry import Outage, retry_until_available
from common.startup import NOT_STARTED
from common.stopping import PolledRecords, poll_until_stopped, run_until_stopped

_log = structlog.get_logger()

POLL = (0.05, 0.5)  # seconds, shortest and longest wait for records
HAND_OVER = 5.0  # seconds that a partition in the middle of a transaction may keep the group waiting


class Consumer(Protocol):
    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None: ...

    async def stop(self) -> None: ...

    def poll(self, *, max_records: int, timeout: float) -> Coroutine[Any, Any, PolledRecords]: ...


class Gate:
    """Whether a partition may send: from when it has been read to its end, until it is far behind again.

    So after an outage what has come and gone meanwhile is decided before anything is sent. `behind_after` is seconds;
    None where record time is not the wall clock's (stream mode).
    """

    def __init__(self, *, behind_after: float | None) -> None:
        self._behind_after = behind_after
        self._looked: float | None = None
        self.open = False

    @property
    def by_the_wall(self) -> bool:
        return self._behind_after is not None

    def slept(self, now: float) -> bool:
        """Whether it is so long since anybody looked that what is known, or was fetched, may be as old.

        A process that was stopped finds an answer of before waiting for it: "the end" in it is the end of then.
        """
        return self._behind_after is not None and self._looked is not None and now - self._looked > self._behind_after

    def looks(self, now: float) -> None:
        self._looked = now

    def shut(self) -> None:
        """Nobody knows how much has come since: it is read to its end first."""
        self.open = False

    def look(self, *, level: bool, lag: float) -> None:
        """`level`: all that the log holds has been decided. `lag` is the age of what is read now, in seconds."""
        if level:
            self.open = True
        elif self._behind_after is not None and lag > self._behind_after:
            self.open = False


class Owned:
    """A partition, its gate, and a lock so that it is handed over between two transactions."""

    def __init__(self, partition: Partition, gate: Gate) -> None:
        self.partition = partition
        self.gate = gate
        self.closed = False
        self._behind = Lag()
        self._lock = asyncio.Lock()

    async def turn(self, records: Sequence[Record], *, now: float) -> bool:
        """Whether there is something to send."""
        async with self._lock:
            if self.closed:
                return False
            was_open = self.gate.open
            if self.gate.slept(now):
                self.partition.position = None
            self.gate.looks(now)
            self._behind.polled(records, now=now)
            if records:
                # Before they are decided, so that nothing of them is sent that the next ones take back.
                self.gate.look(level=False, lag=now - records[0].timestamp / 1000)
            if self.partition.position is None:
                self.gate.shut()
            to_send = await self.partition.turn(records)
            if self.partition.position is None:
                self.gate.shut()
            self.gate.look(level=self.partition.level, lag=self.lag(now))
            position = self.partition.position
            self._behind.read(None if position is None else position.newest, at_end=self.partition.level)
            return to_send or (self.gate.open and not was_open)

    def may_send(self, now: float) -> bool:
        return self.gate.open and not self.gate.slept(now) and not self.closed

    def lag(self, now: float) -> float:
        """Age of the newest record read, in seconds, while there are more; 0 if nothing has been read.

        0 in stream mode, too: there the log has another time.
        """
        position = self.partition.position
        if position is None or not position.newest or self.partition.level or not self.gate.by_the_wall:
            return 0.0
        return max(0.0, now - position.newest)

    def behind(self, now: float) -> float:
        """Age of the oldest record not read, at the most, in seconds; 0 in stream mode."""
        return self._behind.seconds(now) if self.gate.by_the_wall else 0.0

    async def close(self) -> None:
        """Lets the transaction under way finish, or not: whoever comes next is told by the table."""
        self.closed = True
        try:
            async with asyncio.timeout(HAND_OVER), self._lock:
                pass
        except TimeoutError:
            _log.warning("partition.handed_over_late", partition=self.partition.number)


class Worker:
    """`clock` is seconds since the epoch. `wake` is called when there may be something to send."""

    def __init__(
        self,
        *,
        consumer: Consumer,
        own: Callable[[int], Owned],
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
        self._owned: dict[int, Owned] = {}
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
                await self._round(stopping)
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
        """Whether a message that has been taken must wait: what takes it back may have been read a moment ago.

        A partition that is somebody else's now holds nothing back here: whose message it is, the lease says.
        """
        owned = self._owned.get(partition)
        return owned is not None and not owned.may_send(self._clock())

    def reconsider(self, partition: int, account_id: str) -> None:
        """What could not be sent may have been overtaken while it was on its way."""
        if (owned := self._owned.get(partition)) is not None:
            owned.partition.reconsider(account_id)

    async def _round(self, stopping: asyncio.Task[bool]) -> None:
        poll = self._consumer.poll(max_records=self._max_records, timeout=self._patience())
        try:
            polled = await poll_until_stopped(stopping, poll)
        except OffsetOutOfRange as lost:
            _log.error("log.lost", partition=lost.partition, offset=lost.offset)
            self._forget(lost.partition)
            polled = {}
        except BusUnavailable as error:
            self._log_outage.report(error)
            await asyncio.sleep(POLL[1])
            return
        self._log_outage.end()
        self._polled = True
        if polled is None:
            return
        await self._turn(polled)

    async def _turn(self, polled: Mapping[int, Sequence[Record]]) -> None:
        owned, now = dict(self._owned), self._clock()
        await asyncio.gather(*(self._turned(one, polled.get(number, ()), now) for number, one in owned.items()))

    async def _turned(self, owned: Owned, records: Sequence[Record], now: float) -> None:
        if await owned.turn(records, now=now):
            self._wake()  # by this commit, not by that of the slowest

    def _patience(self) -> float:
        if any(owned.partition.busy for owned in self._owned.values()):
            return 0.0
        waiting = not self._owned or any(owned.partition.position is None for owned in self._owned.values())
        return POLL[0] if waiting else POLL[1]

    def _forget(self, number: int) -> None:
        if (owned := self._owned.get(number)) is not None:
            owned.partition.position = None

    async def _assigned(self, partitions: frozenset[int]) -> None:
        for number in sorted(partitions):
            owned = self._owned[number] = self._own(number)
            self._metrics.watch_partition(number, lag=partial(self._behind, owned))
        self._metrics.owned(len(self._owned))
        _log.info("partitions.assigned", partitions=sorted(partitions))

    def _behind(self, owned: Owned) -> float:
        return owned.behind(self._clock())

    async def _revoked(self, partitions: frozenset[int]) -> None:
        leaving = {number: self._owned.pop(number) for number in partitions if number in self._owned}
        await asyncio.gather(*(owned.close() for owned in leaving.values()))
        for number in leaving:
            self._metrics.lost(number)
        self._metrics.owned(len(self._owned))
