"""The loop: poll, let every owned partition take its turn, keep what silence needs going."""

import asyncio
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, Protocol

import structlog

from common.bus.errors import OffsetLost, Unavailable
from common.bus.polling import Polled, polled_unless
from common.bus.ports import Assigned, Record
from common.waiting import NOT_STARTED, Outage, unless_stopped, until_it_answers
from scoring.beat import Beat
from scoring.errors import Doubt, Stop
from scoring.housekeeping.task import Housekeeping
from scoring.metrics import WorkerMetrics
from scoring.partition import Partition
from scoring.upkeep import Upkeep

_log = structlog.get_logger()

POLL = (0.02, 0.5)  # seconds, shortest and longest wait for records
BEAT_EVERY = 1.0
HAND_OVER = 5.0  # seconds that a partition in the middle of a commit may keep the group waiting


class Consumer(Protocol):
    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None: ...

    async def stop(self) -> None: ...

    def poll(self, *, max_records: int, timeout: float) -> Coroutine[Any, Any, Polled]: ...


class Heart(Protocol):
    async def beat(self, beats: Sequence[Beat]) -> None: ...


class Owned:
    """A partition with its relay and its housekeeping running, and a lock so that it is handed over between two
    transactions.
    """

    def __init__(self, partition: Partition, upkeep: Upkeep, housekeeping: Housekeeping) -> None:
        self.partition = partition
        self.upkeep = upkeep
        self.lock = asyncio.Lock()
        self._closed = False
        self.relaying = asyncio.ensure_future(partition.relay.run())
        self.keeping = asyncio.ensure_future(housekeeping.run())

    async def turn(self, records: Sequence[Record], *, backlog: int) -> Beat | None:
        async with self.lock:
            if self._gone():
                return None
            if self.relaying.done():
                await self.relaying  # a bug there ends the process like any other
            self.upkeep.polled(records)
            if records:
                await self.partition.relay.room(backlog)
            turned = None if self._gone() else await self.partition.turn(records)
            if turned is not None:
                self.upkeep.turned(turned)
            # Whose it is now speaks for it: a late owner could not know what is still to be told.
            return None if self._gone() else await self.upkeep.look()

    def _gone(self) -> bool:
        return self._closed

    async def close(self) -> None:
        """Ends what runs beside it and lets the transaction under way finish (or not: the fence decides)."""
        self._closed = True
        self.relaying.cancel()  # first, for a turn may be waiting for room in its outbox
        self.keeping.cancel()
        try:
            async with asyncio.timeout(HAND_OVER), self.lock:
                pass
        except TimeoutError:
            _log.warning("partition.handed_over_late", partition=self.partition.number)
        await asyncio.gather(self.relaying, self.keeping, return_exceptions=True)


class Worker:
    def __init__(
        self,
        *,
        consumer: Consumer,
        own: Callable[[int], Owned],
        heart: Heart,
        metrics: WorkerMetrics,
        clock: Callable[[], float],
        max_records: int,
        backlog: int,
    ) -> None:
        """`own` builds what owns a partition; `clock` is the worker's own, in seconds since the epoch."""
        self._consumer = consumer
        self._own = own
        self._heart = heart
        self._metrics = metrics
        self._clock = clock
        self._max_records = max_records
        self._backlog = backlog
        self._owned: dict[int, Owned] = {}
        self._beaten_at = float("-inf")
        self._log_outage = Outage("log")
        metrics.count_open(lambda: len(self._owned) - len(self._unopened()))
        self._polled = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises `Stop` if only a person can decide."""
        stopping = asyncio.create_task(stop.wait())
        try:
            await unless_stopped(stop, until_it_answers(self._join, outage=self._log_outage, again_after=Unavailable))
            while not stop.is_set():
                await self._round(stopping)
        finally:
            stopping.cancel()
            await self._revoked(frozenset(self._owned))
            await self._consumer.stop()

    async def _join(self) -> None:
        await self._consumer.start(assigned=self._assigned, revoked=self._revoked)

    def ready(self) -> str | None:
        """Why this worker should not be counted on, None if it should."""
        if self._log_outage.reason is not None or not self._polled:
            return self._log_outage.reason or NOT_STARTED
        unopened = self._unopened()
        return f"partitions not open: {unopened}" if unopened else None

    def _unopened(self) -> list[int]:
        return sorted(number for number, owned in self._owned.items() if owned.partition.memory is None)

    def reached(self) -> dict[int, tuple[int, int]]:
        """Of each open partition the next offset, and how many outbox rows are known to wait (at least)."""
        return {
            number: (memory.position.to_offset, owned.partition.relay.depth or int(not owned.partition.relay.empty))
            for number, owned in self._owned.items()
            if (memory := owned.partition.memory) is not None
        }

    async def _round(self, stopping: asyncio.Task[bool]) -> None:
        poll = self._consumer.poll(max_records=self._max_records, timeout=self._patience())
        try:
            polled = await polled_unless(stopping, poll)
        except OffsetLost as lost:
            raise Stop(
                f"the log no longer holds offset {lost.offset} of partition {lost.partition}, which comes next; "
                "look with `python -m scoring log show`, decide with `python -m scoring log adopt`"
            ) from lost
        except Unavailable as error:
            self._log_outage.goes_on(error)
            await asyncio.sleep(POLL[1])
            return
        self._log_outage.over()
        self._polled = True
        if polled is None:
            return
        owned = dict(self._owned)
        beats = await asyncio.gather(
            *(one.turn(polled.get(number, ()), backlog=self._backlog) for number, one in owned.items())
        )
        await self._beat([beat for beat in beats if beat is not None])

    def _patience(self) -> float:
        """How long to wait for records before the next timer or an unopened partition wants its turn."""
        patience = POLL[1] if self._owned else POLL[0]
        for owned in self._owned.values():
            memory = owned.partition.memory
            if memory is None:
                return POLL[0]
            earliest = memory.timers.earliest()
            if earliest is not None:
                patience = min(patience, earliest - owned.upkeep.now())
        return max(POLL[0], patience)

    async def _beat(self, beats: Sequence[Beat]) -> None:
        now = self._clock()
        # A clock that was set back must not silence the heart until it has caught up with itself.
        if not beats or 0.0 <= now - self._beaten_at < BEAT_EVERY:
            return
        self._beaten_at = now
        try:
            await self._heart.beat(beats)
        except Doubt as error:
            _log.warning("heartbeat.unwritten", reason=str(error))

    async def _assigned(self, partitions: frozenset[int]) -> None:
        for number in sorted(partitions):
            self._owned[number] = self._own(number)
        self._metrics.owned(len(self._owned))
        _log.info("partitions.assigned", partitions=sorted(partitions))

    async def _revoked(self, partitions: frozenset[int]) -> None:
        leaving = {number: self._owned.pop(number) for number in partitions if number in self._owned}
        await asyncio.gather(*(owned.close() for owned in leaving.values()))
        for number in leaving:
            self._metrics.lost(number)
        self._metrics.owned(len(self._owned))
