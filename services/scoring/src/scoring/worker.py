"""The loop: poll, let every owned partition take its turn, keep what silence needs going."""

import asyncio
from collections.abc import Callable, Collection, Coroutine, Sequence
from typing import Any, Protocol

import structlog

from common.bus.errors import BusUnavailable, OffsetOutOfRange
from common.bus.ports import Assigned, Record
from common.retry import Outage, retry_until_available
from common.startup import NOT_STARTED
from common.stopping import PolledRecords, poll_until_stopped, run_until_stopped
from scoring.beat import Beat
from scoring.errors import Doubt, Stop
from scoring.housekeeping.task import Housekeeping
from scoring.metrics import WorkerMetrics
from scoring.partition import Partition
from scoring.upkeep import Upkeep

_log = structlog.get_logger()

POLL = (0.02, 0.5)  # seconds, shortest and longest wait for records
BEAT_EVERY = 1.0
Failed = Callable[[BaseException], None]
HAND_OVER = 5.0  # seconds that a partition in the middle of a commit may keep the group waiting


class Consumer(Protocol):
    async def start(self, *, assigned: Assigned, revoked: Assigned) -> None: ...

    async def stop(self) -> None: ...

    def poll(
        self, *, max_records: int, timeout: float, only: Collection[int] | None = None
    ) -> Coroutine[Any, Any, PolledRecords]: ...


class Heart(Protocol):
    async def beat(self, beats: Sequence[Beat]) -> None: ...


class Owned:
    """A partition at work: a task that scores what was polled for it, one that relays, one that tidies.

    It is handed over between two turns.
    """

    def __init__(
        self,
        partition: Partition,
        upkeep: Upkeep,
        housekeeping: Housekeeping,
        *,
        backlog: int,
        failed: Failed,
    ) -> None:
        """A turn waits while more than `backlog` rows are in the outbox. `failed` hears what a task fails with."""
        self.partition = partition
        self.beat: Beat | None = None  # of the last look
        self._upkeep = upkeep
        self._backlog = backlog
        self._failed = failed
        self._news = asyncio.Event()
        self._closed = False
        self._relaying = asyncio.ensure_future(partition.relay.run())
        self._keeping = asyncio.ensure_future(housekeeping.run())
        self._working = asyncio.ensure_future(self._work())
        for task in (self._relaying, self._working):
            task.add_done_callback(self._note)

    def _note(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()) is not None and not self._closed:
            self._failed(error)

    def deliver(self, records: Sequence[Record], *, opened: int) -> None:
        """What a poll brought, nothing maybe; see `Partition.deliver`."""
        oldest = not self.partition.unread
        taken = self.partition.deliver(records, opened=opened)
        self._upkeep.polled(records if taken and oldest else ())
        if records:
            self._news.set()

    async def close(self) -> None:
        """Ends what runs beside it and lets the transaction under way finish (or not: the fence decides)."""
        self._closed = True
        self._relaying.cancel()  # first, for a turn may be waiting for room in its outbox
        self._keeping.cancel()
        self.partition.inbox.clear()
        self._news.set()
        try:
            async with asyncio.timeout(HAND_OVER):
                await asyncio.wait([self._working])
        except TimeoutError:
            _log.warning("partition.handed_over_late", partition=self.partition.number)
        await asyncio.gather(self._relaying, self._keeping, return_exceptions=True)

    async def _work(self) -> None:
        while not self._closed:
            self._news.clear()
            await self._turn()
            if not self.partition.inbox:
                await self._rest()

    async def _turn(self) -> None:
        if self.partition.inbox:
            await self.partition.relay.room(self._backlog)
        turned = None if self._gone() else await self.partition.turn()
        if turned is not None:
            self._upkeep.turned(turned)
        # Whose it is now speaks for it: a late owner could not know what is still to be told.
        if not self._gone():
            self.beat = await self._upkeep.look()

    async def _rest(self) -> None:
        """Until there are records, or the next timer or the partition itself wants a turn."""
        waking = asyncio.get_running_loop().call_later(self._patience(), self._news.set)
        await self._news.wait()
        waking.cancel()

    def _patience(self) -> float:
        memory = self.partition.memory
        if memory is None:
            return POLL[0]
        earliest = memory.timers.earliest()
        if earliest is None:
            return POLL[1]
        return max(POLL[0], min(POLL[1], earliest - self._upkeep.now()))

    def _gone(self) -> bool:
        return self._closed


class Worker:
    def __init__(
        self,
        *,
        consumer: Consumer,
        own: Callable[[int, Failed], Owned],
        heart: Heart,
        metrics: WorkerMetrics,
        clock: Callable[[], float],
        max_records: int,
    ) -> None:
        """`own` builds what owns a partition, which is told whom to call if it fails.

        `clock` is the worker's own, in seconds since the epoch.
        """
        self._consumer = consumer
        self._own = own
        self._heart = heart
        self._metrics = metrics
        self._clock = clock
        self._max_records = max_records
        self._owned: dict[int, Owned] = {}
        self._beaten_at = float("-inf")
        self._over = asyncio.Event()  # stopped, or failed
        self._failure: BaseException | None = None
        self._log_outage = Outage("log")
        metrics.count_open(lambda: len(self._owned) - len(self._unopened()))
        self._polled = False

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set. Raises `Stop` if only a person can decide."""
        stopping = asyncio.create_task(stop.wait())
        stopping.add_done_callback(lambda _: self._over.set())
        over = asyncio.create_task(self._over.wait())
        try:
            await run_until_stopped(
                stop, retry_until_available(self._join, outage=self._log_outage, retry_on=BusUnavailable)
            )
            while not self._over.is_set():
                await self._round(over)
        finally:
            stopping.cancel()
            over.cancel()
            await self._revoked(frozenset(self._owned))
            await self._consumer.stop()
        if self._failure is not None:
            raise self._failure

    async def _join(self) -> None:
        await self._consumer.start(assigned=self._assigned, revoked=self._revoked)

    def _fail(self, error: BaseException) -> None:
        self._failure = self._failure or error
        self._over.set()

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

    async def _round(self, over: asyncio.Task[bool]) -> None:
        await self._beat()
        hungry = {number: one for number, one in self._owned.items() if not one.partition.inbox.full}
        if self._owned and not hungry:
            await asyncio.sleep(POLL[0])
            return
        opened = {one: one.partition.opened for one in hungry.values()}
        poll = self._consumer.poll(max_records=self._max_records, timeout=self._patience(hungry), only=hungry.keys())
        try:
            polled = await poll_until_stopped(over, poll)
        except OffsetOutOfRange as lost:
            raise Stop(
                f"the log no longer holds offset {lost.offset} of partition {lost.partition}, which comes next; "
                "look with `python -m scoring log show`, decide with `python -m scoring log adopt`"
            ) from lost
        except BusUnavailable as error:
            self._log_outage.report(error)
            await asyncio.sleep(POLL[1])
            return
        self._log_outage.end()
        self._polled = True
        if polled is None:
            return
        for number, one in self._owned.items():
            if one in opened or number in polled:
                one.deliver(polled.get(number, ()), opened=opened.get(one, 0))

    def _patience(self, hungry: Collection[int]) -> float:
        """How long to wait for records: soon a partition is opened, or has room again."""
        soon = self._unopened() or len(hungry) < len(self._owned) or not self._owned
        return POLL[0] if soon else POLL[1]

    async def _beat(self) -> None:
        beats = [one.beat for one in self._owned.values() if one.beat is not None]
        now = self._clock()
        # A clock that was set back must not silence the heart until it has caught up with itself.
        if not beats or 0.0 <= now - self._beaten_at < BEAT_EVERY:
            return
        self._beaten_at = max(beat.at for beat in beats)
        try:
            await self._heart.beat(beats)
        except Doubt as error:
            _log.warning("heartbeat.unwritten", reason=str(error))

    async def _assigned(self, partitions: frozenset[int]) -> None:
        for number in sorted(partitions):
            self._owned[number] = self._own(number, self._fail)
        self._metrics.owned(len(self._owned))
        _log.info("partitions.assigned", partitions=sorted(partitions))

    async def _revoked(self, partitions: frozenset[int]) -> None:
        leaving = {number: self._owned.pop(number) for number in partitions if number in self._owned}
        await asyncio.gather(*(owned.close() for owned in leaving.values()))
        for number in leaving:
            self._metrics.lost(number)
        self._metrics.owned(len(self._owned))
