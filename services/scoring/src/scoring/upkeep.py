"""What an owned partition needs between its records: ticks when a timer is due, and word when all has been told."""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from common.bus.errors import BusUnavailable
from common.bus.ports import Ack, Outgoing, Record
from common.contracts.events import Tick, encode_events_record
from common.lag import Lag
from scoring.beat import Beat
from scoring.memory import Memory
from scoring.metrics import WorkerMetrics
from scoring.partition import Partition
from scoring.runs import Turned
from scoring.ticker import LogTime, Ticker

_log = structlog.get_logger()
_TICK = encode_events_record(Tick())


class Sender(Protocol):
    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]: ...


class Upkeep:
    """`wall` says that this worker ticks; in stream mode whoever plays the stream does. `late_after` is seconds."""

    def __init__(
        self,
        partition: Partition,
        *,
        sender: Sender,
        events_topic: str,
        metrics: WorkerMetrics,
        log_time: LogTime,
        clock: Callable[[], float],
        steady: Callable[[], float],
        wall: bool,
        late_after: float,
    ) -> None:
        self._partition = partition
        self._sender = sender
        self._events_topic = events_topic
        self._metrics = metrics
        self._log_time = log_time
        self._clock = clock
        self._steady = steady
        self._wall = wall
        self._late_after = late_after
        self._ticker = Ticker()
        self._sent = log_time.read()  # when the last tick was
        self._owes_word = True  # readers wait for it after every assignment
        self._lag = Lag()
        self._earliest: int | None = None  # the first due moment, as last seen
        self._window = 0.0
        self._watched()

    def now(self) -> float:
        """The log's time as far as this worker can tell, in seconds."""
        return self._log_time.now()

    def polled(self, records: Sequence[Record]) -> None:
        """Takes note of what a poll brought, before any of it is scored."""
        self._lag.polled(records, now=self.now())

    def turned(self, turned: Turned) -> None:
        """Takes note of what a turn read."""
        now = self.now()
        for tick in turned.ticks:
            if self._ticker.read(offset=tick.offset):
                self._log_time.read_back(sent=self._sent, stamped=tick.timestamp / 1000)
        if now - turned.oldest > self._late_after or turned.overdue > self._late_after:
            self._owes_word = True
        if turned.signals and self._wall:
            self._metrics.scored(max(0.0, now - turned.newest))

    async def look(self) -> Beat | None:
        """Ticks if a timer is due, tells readers if all has been told; how the partition stands, None if unopened."""
        memory = self._partition.memory
        if memory is None:
            self._lag.read(None, at_end=False)
            return None  # what came since the last look is not known, so it grows old
        relay = self._partition.relay
        if max(relay.waited(), relay.told_late()) > self._late_after:
            self._owes_word = True
        try:
            if self._wall and self._wants_tick(memory):
                await self._tick()
            level = self._level(memory)
            if level and self._owes_word:
                await relay.caught_up(self._stamp(memory))
                self._owes_word = False
        except BusUnavailable as error:
            _log.warning("log.unavailable", partition=self._partition.number, reason=str(error))
            level = False
        return self._beat(memory, level=level)

    def _wants_tick(self, memory: Memory) -> bool:
        self._ticker.reached(memory.position.to_offset)
        return self._ticker.wants(earliest=memory.timers.earliest(), now=self.now(), steady=self._steady())

    async def _tick(self) -> None:
        asked, self._sent = self._steady(), self._log_time.read()
        try:
            acks = await self._sender.send(self._events_topic, [Outgoing(self._partition.number, None, _TICK)])
        except BusUnavailable:
            self._ticker.failed(steady=asked)
            raise
        self._ticker.wrote(offset=acks[0].offset, steady=asked)

    def _level(self, memory: Memory) -> bool:
        """No unread record, no overdue timer, nothing in the outbox."""
        if not self._partition.level() or not self._partition.relay.empty:
            return False
        earliest = memory.timers.earliest()
        until = self.now() if self._wall else memory.position.clock
        return earliest is None or earliest > until

    def _stamp(self, memory: Memory) -> int:
        return round(max(memory.position.clock, memory.position.newest) * 1000)

    def _beat(self, memory: Memory, *, level: bool) -> Beat:
        self._lag.read(memory.position.newest, at_end=self._partition.level())
        self._earliest = memory.timers.earliest()
        return Beat(self._partition.number, self._clock(), level, self._behind())

    def _behind(self) -> float:
        """Ages need record times that are the wall clock's: in stream mode there are none."""
        return self._lag.seconds(self.now()) if self._wall else 0.0

    def _overdue(self) -> float:
        """How long the earliest timer has been due, in seconds; 0 in stream mode."""
        if self._earliest is None or not self._wall:
            return 0.0
        return max(0.0, self.now() - self._earliest)

    def _watched(self) -> None:
        """All is worked out when it is asked for: a loop that hangs must not go on showing what was."""
        relay = self._partition.relay
        self._metrics.watch(
            self._partition.number,
            lag=self._behind,
            overdue=self._overdue,
            outbox=lambda: relay.depth,
            oldest=relay.oldest,
            window=self._last_window,
            used=self._partition.remembered,
        )

    def _last_window(self) -> float:
        """The last one known while the partition is not open."""
        if self._partition.memory is not None:
            self._window = self._partition.window()
        return self._window
