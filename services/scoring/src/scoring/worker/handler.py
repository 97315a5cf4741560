"""What the worker does with one owned partition: its records, its relay, its housekeeping, its heartbeat."""

from collections.abc import Coroutine, Sequence
from typing import Any

from common.bus.ports import Record
from common.errors import Doubt, PartitionStopped
from scoring.worker.assignment import AssignedPartition
from scoring.worker.heartbeat import Heartbeat
from scoring.worker.housekeeping.task import Housekeeping
from scoring.worker.progress import PartitionProgress

TURN_WAIT = (0.02, 0.5)  # seconds, shortest and longest wait for a timer that is due


class ScoringHandler:
    """Scores runs of records; relay and housekeeping run beside it."""

    def __init__(
        self,
        partition: AssignedPartition,
        progress: PartitionProgress,
        housekeeping: Housekeeping,
        *,
        max_outbox_rows: int,
    ) -> None:
        """Scoring waits while more than `max_outbox_rows` are unsent."""
        self.partition = partition
        self.heartbeat: Heartbeat | None = None
        self._progress = progress
        self._housekeeping = housekeeping
        self._max_outbox_rows = max_outbox_rows

    def background_tasks(self) -> Sequence[Coroutine[Any, Any, None]]:
        return self.partition.relay.run(), self._housekeeping.run()

    async def open(self) -> int:
        return await self.partition.open()

    async def handle_records(self) -> None:
        if not self.partition.inbox:
            return
        await self.partition.relay.wait_until_below(self._max_outbox_rows)
        if (result := await self.partition.score()) is not None:
            self._progress.record_run(result)

    async def after_turn(self) -> None:
        self.heartbeat = await self._progress.send_due()

    def seconds_to_next_turn(self) -> float:
        """Until the next timer is due, within `TURN_WAIT`."""
        memory = self.partition.memory
        earliest = None if memory is None else memory.timers.earliest()
        if earliest is None:
            return TURN_WAIT[1]
        return max(TURN_WAIT[0], min(TURN_WAIT[1], earliest - self._progress.now()))

    def forget(self, doubt: Doubt) -> float:
        return self.partition.forget(doubt)

    def stopped(self, stop: PartitionStopped) -> None:
        self.partition.stop(stop)

    def polled(self, records: Sequence[Record]) -> bool:
        self._progress.record_poll(records)
        return True

    def close(self) -> None:
        # Objects that refer to each other wait for the collector; the accounts of a partition are too many for that.
        self.partition.memory = None
