"""What an owned partition sends besides signals: announcements, a tick when a timer is due, `CaughtUp` at the end."""

from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from common.bus.errors import BusUnavailable
from common.bus.ports import Ack, Outgoing, Record
from common.contracts.events import Tick, encode_events_record
from common.lag import Lag
from common.ticks import LogTime, Ticker
from scoring.partition.memory import PartitionMemory
from scoring.worker.announcements import Announcer
from scoring.worker.assignment import AssignedPartition
from scoring.worker.heartbeat import Heartbeat
from scoring.worker.metrics import WorkerMetrics
from scoring.worker.runs import RunResult

_log = structlog.get_logger()
_TICK = encode_events_record(Tick())


class TickSender(Protocol):
    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]: ...


class PartitionProgress:
    """In `wall` mode the worker appends ticks and announcements; in stream mode whoever replays the stream does.

    After anything older than `late_after` seconds readers wait for `CaughtUp`.
    """

    def __init__(
        self,
        partition: AssignedPartition,
        *,
        announcer: Announcer,
        sender: TickSender,
        events_topic: str,
        metrics: WorkerMetrics,
        log_time: LogTime,
        clock: Callable[[], float],
        steady: Callable[[], float],
        wall: bool,
        late_after: float,
    ) -> None:
        self._partition = partition
        self._announcer = announcer
        self._sender = sender
        self._events_topic = events_topic
        self._metrics = metrics
        self._log_time = log_time
        self._clock = clock
        self._steady = steady
        self._wall = wall
        self._late_after = late_after
        self._ticker = Ticker()
        self._tick_sent_at = log_time.clock_readings()
        self._caught_up_due = True  # readers wait for it after every assignment
        self._lag = Lag()
        self._next_due: int | None = None
        self._last_window = 0.0
        self._register_gauges()

    def now(self) -> float:
        """The log's time as far as this worker can tell, in seconds."""
        return self._log_time.now()

    def record_poll(self, records: Sequence[Record]) -> None:
        """Notes the records of a poll, before any of them is scored."""
        self._lag.polled(records, now=self.now())

    def record_run(self, result: RunResult) -> None:
        """Notes what a run read."""
        now = self.now()
        for tick in result.ticks:
            if self._ticker.read_back(offset=tick.offset):
                self._log_time.correct(sent=self._tick_sent_at, stamped=tick.timestamp / 1000)
        # An old record, or a timer fired late, makes signals that readers hold back until `CaughtUp`.
        if now - result.oldest > self._late_after or result.overdue > self._late_after:
            self._caught_up_due = True
        if result.signals and self._wall:
            self._metrics.signal_age(max(0.0, now - result.newest))

    async def send_due(self) -> Heartbeat | None:
        """Sends a tick if a timer is due, and `CaughtUp` if it is; None while the partition is not open."""
        memory = self._partition.memory
        if memory is None:
            # Nobody knows what has come since, so the lag grows.
            self._lag.read(None, at_end=False)
            return None
        relay = self._partition.relay
        # Signals that reached the log late are held back by readers as well.
        if max(relay.waited(), relay.take_longest_delay()) > self._late_after:
            self._caught_up_due = True
        try:
            if self._wall:
                await self._announcer.send_unread(memory)
                if self._tick_is_due(memory):
                    await self._send_tick()
            caught_up = self._is_caught_up(memory)
            if caught_up and self._caught_up_due:
                await relay.send_caught_up(round(max(memory.position.clock, memory.position.newest) * 1000))
                self._caught_up_due = False
        except BusUnavailable as error:
            _log.warning("log.unavailable", partition=self._partition.number, reason=str(error))
            caught_up = False
        self._lag.read(memory.position.newest, at_end=self._partition.at_log_end())
        self._next_due = memory.timers.earliest()
        return Heartbeat(self._partition.number, self._clock(), caught_up, self._lag_seconds())

    def _tick_is_due(self, memory: PartitionMemory) -> bool:
        self._ticker.committed(memory.position.to_offset)
        return self._ticker.is_due(earliest=memory.timers.earliest(), now=self.now(), steady=self._steady())

    async def _send_tick(self) -> None:
        attempted_at, self._tick_sent_at = self._steady(), self._log_time.clock_readings()
        try:
            acks = await self._sender.send(self._events_topic, [Outgoing(self._partition.number, None, _TICK)])
        except BusUnavailable:
            self._ticker.failed(steady=attempted_at)
            raise
        self._ticker.sent(offset=acks[0].offset, steady=attempted_at)

    def _is_caught_up(self, memory: PartitionMemory) -> bool:
        """No unread record, no overdue timer, nothing in the outbox."""
        if not self._partition.at_log_end() or not self._partition.relay.empty:
            return False
        earliest = memory.timers.earliest()
        # In stream mode time passes only with the ticks that the replay appends.
        until = self.now() if self._wall else memory.position.clock
        return earliest is None or earliest > until

    def _lag_seconds(self) -> float:
        """0 in stream mode: there record times are not the wall clock's, so records have no age."""
        return self._lag.seconds(self.now()) if self._wall else 0.0

    def _overdue_seconds(self) -> float:
        """How long the earliest timer has been due; 0 in stream mode."""
        if self._next_due is None or not self._wall:
            return 0.0
        return max(0.0, self.now() - self._next_due)

    def _register_gauges(self) -> None:
        """Each gauge is computed when it is scraped, so a hanging loop does not go on showing old values."""
        relay = self._partition.relay
        self._metrics.watch(
            self._partition.number,
            lag=self._lag_seconds,
            overdue=self._overdue_seconds,
            outbox=lambda: relay.depth,
            oldest=relay.oldest_age,
            window=self._dedupe_window,
            used=self._partition.dedupe_used,
            stopped=lambda: float(self._partition.stopped_by is not None),
            paused=self._partition.paused_feeds,
        )

    def _dedupe_window(self) -> float:
        """While the partition is not open, the last one known."""
        if self._partition.memory is not None:
            self._last_window = self._partition.dedupe_window()
        return self._last_window
