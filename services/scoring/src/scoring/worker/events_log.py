"""Compares the events topic with the journal before a partition is scored: it may be another log."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import structlog

from common.bus.errors import BusUnavailable
from common.bus.ports import Record
from common.errors import StopWorker, Unreachable
from scoring.partition.commit import LogPosition
from scoring.partition.memory import StoredPartition
from scoring.partition.origin import ACCEPTED, LogVerdict, compare

_log = structlog.get_logger()


class LogAdmin(Protocol):
    async def earliest(self, topic: str, partition: int) -> int: ...

    async def read(self, topic: str, partition: int, offset: int, *, timeout: float) -> Record | None: ...


@contextmanager
def _unavailable_as_unreachable() -> Iterator[None]:
    try:
        yield
    except BusUnavailable as error:
        raise Unreachable(f"the log does not answer: {error}") from error


class EventsLog:
    """`patience` is how long Kafka may take to return one record, in seconds."""

    def __init__(self, admin: LogAdmin, *, topic: str, cluster_id: str, patience: float) -> None:
        self._admin = admin
        self._topic = topic
        self._cluster_id = cluster_id
        self._patience = patience

    async def first_position(self, partition: int) -> LogPosition:
        """At the oldest record that is left. Raises `Unreachable` while Kafka does not answer."""
        with _unavailable_as_unreachable():
            earliest = await self._admin.earliest(self._topic, partition)
        return LogPosition(to_offset=earliest, clock=0.0, newest=0.0)

    async def read(self, partition: int, offset: int) -> Record | None:
        """None if the log does not hold it. Raises `Unreachable` while Kafka does not answer."""
        with _unavailable_as_unreachable():
            return await self._admin.read(self._topic, partition, offset, timeout=self._patience)

    async def compare_with(self, partition: int, stored: StoredPartition) -> LogVerdict:
        """How this log fits the journal. Raises `Unreachable` while Kafka does not answer."""
        position = stored.position
        found = None
        with _unavailable_as_unreachable():
            earliest = await self._admin.earliest(self._topic, partition)
            same_cluster = stored.cluster_id == self._cluster_id
            if same_cluster and position.last_offset is not None and earliest <= position.last_offset:
                found = await self._admin.read(self._topic, partition, position.last_offset, timeout=self._patience)
        clusters = (stored.cluster_id, self._cluster_id)
        return compare(position, clusters=clusters, earliest=earliest, found=found)

    async def verify(self, partition: int, stored: StoredPartition) -> None:
        """Raises `StopWorker` if this is not the log that the journal was written from."""
        verdict = await self.compare_with(partition, stored)
        if verdict is LogVerdict.RETAINED:
            _log.warning("log.retained", partition=partition, verdict=verdict.value)
        if verdict not in ACCEPTED:
            raise StopWorker(
                f"partition {partition} of {self._topic} is not where the journal left it: {verdict.value} "
                f"(next offset {stored.position.to_offset}). Nothing was changed. "
                "Look with `python -m scoring log show`, decide with `python -m scoring log adopt`"
            )
