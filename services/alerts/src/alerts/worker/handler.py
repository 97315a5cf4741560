"""What the worker does with one owned partition: it decides its records, and says whether its messages may be sent."""

from collections.abc import Callable, Coroutine, Sequence
from typing import Any

from alerts.worker.partition import SignalsPartition
from alerts.worker.send_gate import SendGate
from alerts.worker.ticks import PartitionTicks
from common.bus.ports import Record
from common.errors import Doubt, PartitionStopped
from common.lag import Lag
from common.partition_consumer.inbox import Inbox

TURN_WAIT = (0.02, 0.5)  # seconds, shortest and longest wait for a timer, or an account that is to be decided again


class SignalsHandler:
    """Decides batches of at most `max_records`. `clock` is seconds since the epoch.

    `wake` wakes the sender when there may be something to send.
    """

    def __init__(
        self,
        partition: SignalsPartition,
        inbox: Inbox,
        gate: SendGate,
        ticks: PartitionTicks,
        *,
        max_records: int,
        clock: Callable[[], float],
        wake: Callable[[], None],
    ) -> None:
        self.partition = partition
        self.gate = gate
        self._ticks = ticks
        self._inbox = inbox
        self._max_records = max_records
        self._clock = clock
        self._wake = wake
        self._behind = Lag()
        self._to_send = False
        self._was_open = False

    def background_tasks(self) -> Sequence[Coroutine[Any, Any, None]]:
        return ()

    async def open(self) -> int:
        self.gate.shut()
        return await self.partition.open()

    async def handle_records(self) -> None:
        records = self._inbox.take(self._max_records)
        if records:
            now = self._clock()
            if not self.gate.slept(now):
                self.gate.decides(now)
            # Before they are decided: the next records may take back what these would send.
            self.gate.update(level=False, lag=now - records[0].timestamp / 1000)
        decided = await self.partition.decide(records)
        self._to_send = decided.to_send
        self._inbox.put_back(records[decided.taken :])
        self._ticks.read(decided.ticks)

    async def after_turn(self) -> None:
        if self.partition.position is not None:
            await self._ticks.append_if_due(self.partition.earliest, to_offset=self.partition.position.to_offset)
        now, position = self._clock(), self.partition.position
        self.gate.update(level=self._level and not self.gate.out_of_date(now), lag=self._age_of_newest(now))
        self._behind.read(None if position is None else position.newest, at_end=self._level)
        if self._to_send or (self.gate.open and not self._was_open):
            self._wake()  # at once: a slower partition must not delay the sender
        self._to_send, self._was_open = False, self.gate.open

    def seconds_to_next_turn(self) -> float:
        """Until the next timer is due, within `TURN_WAIT`."""
        wait = self._ticks.seconds_until(self.partition.earliest)
        return TURN_WAIT[1] if wait is None else max(TURN_WAIT[0], min(TURN_WAIT[1], wait))

    def forget(self, doubt: Doubt) -> float:
        self.gate.shut()
        return self.partition.forget(doubt)

    def stopped(self, stop: PartitionStopped) -> None:
        self.gate.shut()
        self.partition.position = None

    def polled(self, records: Sequence[Record]) -> bool:
        """False if the process was suspended: then the log is asked anew where it ends."""
        now = self._clock()
        slept = self.gate.slept(now)
        if slept:
            self.gate.shut()
        self.gate.answered(now)
        self._behind.polled(records, now=now)
        return not slept

    def close(self) -> None:
        self.gate.shut()

    def may_send(self, now: float) -> bool:
        return self.gate.open and not self.gate.out_of_date(now)

    def lag(self) -> float:
        """Age of the oldest unread record, at the most, in seconds; 0 in stream mode."""
        return self._behind.seconds(self._clock()) if self.gate.by_the_wall else 0.0

    @property
    def _level(self) -> bool:
        """Whether all is decided that the log was known to hold at the last poll."""
        return self.partition.position is not None and self._inbox.at_log_end

    def _age_of_newest(self, now: float) -> float:
        """Age of the newest record read, in seconds, while there are more to read.

        0 if nothing has been read, and in stream mode, where record time is not wall time.
        """
        position = self.partition.position
        # Nothing read, or everything: no lag. Stream mode has no wall time to compare with.
        if position is None or not position.newest or self._level or not self.gate.by_the_wall:
            return 0.0
        # Of an idle partition the newest record read may be hours old, while the oldest unread one is new.
        oldest = self._inbox.oldest
        return max(0.0, now - (position.newest if oldest is None else max(position.newest, oldest.timestamp / 1000)))
