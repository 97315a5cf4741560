"""What a partition worker asks of its service: a handler for each partition, and metrics of what it owns."""

from collections.abc import Coroutine, Sequence
from typing import Any, Protocol

from common.bus.ports import Record
from common.errors import Doubt, PartitionStopped


class PartitionHandler(Protocol):
    """What a service does with one owned partition; it is made for each assignment, with the partition's inbox.

    One task takes the partition's turns: each opens the partition, or handles records if it is open. A turn comes when
    records do, and after `seconds_to_next_turn`. Only that task awaits `open`, `handle_records` and `after_turn`.
    """

    def background_tasks(self) -> Sequence[Coroutine[Any, Any, None]]:
        """What runs beside the turns, until the partition is lost. A failure stops the worker."""

    async def open(self) -> int:
        """Loads what is stored of the partition; the offset of the next record.

        Raises `Doubt` if it has to be tried again, `StopWorker` if only a person can decide.
        """

    async def handle_records(self) -> None:
        """Takes records out of the inbox and handles them in one transaction; there may be none.

        Raises `Doubt`, which closes the partition and drops the inbox, `PartitionStopped`, which closes it for good, or
        `StopWorker`.
        """

    async def after_turn(self) -> None:
        """Does what depends on the time, whether the partition is open or not."""

    def seconds_to_next_turn(self) -> float:
        """While the partition is open and its inbox empty, or it has stopped: the longest pause until the next turn."""

    def forget(self, doubt: Doubt) -> float:
        """Drops all memory of the partition, and reports it; seconds until the partition may be opened again."""

    def stopped(self, stop: PartitionStopped) -> None:
        """Drops all memory of the partition. It is not opened again, but turns go on."""

    def polled(self, records: Sequence[Record]) -> bool:
        """Notes that a poll of the partition was answered.

        `records` are what it brought, or none if they are not the oldest unhandled ones: others wait before them, or
        they were dropped. False if what is known of the log is out of date: then the partition is opened again.
        """

    def close(self) -> None:
        """The partition was lost, and the transaction under way has ended or is out of time."""


class OwnershipMetrics(Protocol):
    def owned(self, count: int) -> None:
        """How many partitions this worker owns now."""

    def lost(self, partition: int) -> None:
        """The next owner reports this partition from now on."""
