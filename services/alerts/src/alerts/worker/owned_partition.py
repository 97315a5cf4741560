"""A partition that this process owns, and whether it may send its messages."""

import asyncio
from collections.abc import Sequence

import structlog

from alerts.worker.partition import SignalsPartition
from common.bus.ports import Record
from common.lag import Lag

_log = structlog.get_logger()

HAND_OVER = 5.0  # seconds that a partition in the middle of a transaction may delay the group's rebalance


class SendGate:
    """Opens once the partition has been read to its end; shuts when the partition is far behind again.

    So what came and went during an outage is decided before anything is sent. `behind_after` is seconds, None in stream
    mode, where record time is not wall time.
    """

    def __init__(self, *, behind_after: float | None) -> None:
        self._behind_after = behind_after
        self._looked: float | None = None
        self.open = False

    @property
    def by_the_wall(self) -> bool:
        return self._behind_after is not None

    def slept(self, now: float) -> bool:
        """Whether the last turn is so long ago that what was fetched then may be out of date.

        A suspended process resumes with an old answer of Kafka's: the end of the log in it is the end of then.
        """
        return self._behind_after is not None and self._looked is not None and now - self._looked > self._behind_after

    def looks(self, now: float) -> None:
        self._looked = now

    def shut(self) -> None:
        """Nobody knows how much has come since, so the partition is read to its end first."""
        self.open = False

    def update(self, *, level: bool, lag: float) -> None:
        """`level`: all that the log holds has been decided. `lag` is the age of what is read now, in seconds."""
        # Read to the end: nothing newer can take back what is sent.
        if level:
            self.open = True
        # Too far behind: what is about to be read may take back what would be sent.
        elif self._behind_after is not None and lag > self._behind_after:
            self.open = False


class OwnedSignalsPartition:
    """A partition, its gate, and a lock, so that a rebalance takes it away between two transactions."""

    def __init__(self, partition: SignalsPartition, gate: SendGate) -> None:
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
            # The process was suspended: open again, so that the log is asked anew where it ends.
            if self.gate.slept(now):
                self.partition.position = None
            self.gate.looks(now)
            self._behind.polled(records, now=now)
            if records:
                # Before they are decided: the next records may take back what these would send.
                self.gate.update(level=False, lag=now - records[0].timestamp / 1000)
            if self.partition.position is None:
                self.gate.shut()
            to_send = await self.partition.turn(records)
            if self.partition.position is None:
                self.gate.shut()
            self.gate.update(level=self.partition.level, lag=self.lag(now))
            position = self.partition.position
            self._behind.read(None if position is None else position.newest, at_end=self.partition.level)
            return to_send or (self.gate.open and not was_open)

    def may_send(self, now: float) -> bool:
        return self.gate.open and not self.gate.slept(now) and not self.closed

    def lag(self, now: float) -> float:
        """Age of the newest record read, in seconds, while there are more to read.

        0 if nothing has been read, and in stream mode, where record time is not wall time.
        """
        position = self.partition.position
        # Nothing read, or everything: no lag. Stream mode has no wall time to compare with.
        if position is None or not position.newest or self.partition.level or not self.gate.by_the_wall:
            return 0.0
        return max(0.0, now - position.newest)

    def behind(self, now: float) -> float:
        """Age of the oldest unread record, at the most, in seconds; 0 in stream mode."""
        return self._behind.seconds(now) if self.gate.by_the_wall else 0.0

    async def close(self) -> None:
        """Waits for the transaction under way; the next owner finds in PostgreSQL whether it was committed."""
        self.closed = True
        try:
            async with asyncio.timeout(HAND_OVER), self._lock:
                pass
        except TimeoutError:
            _log.warning("partition.handed_over_late", partition=self.partition.number)
