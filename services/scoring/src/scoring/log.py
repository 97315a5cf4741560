"""The log as it was when the journal was written, or not: looked at before a partition is scored."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol

import structlog

from common.bus.errors import BusUnavailable
from common.bus.ports import Record
from scoring.commit import Position
from scoring.errors import Stop, Unreachable
from scoring.memory import Opened
from scoring.origin import FINE, Verdict, compare

_log = structlog.get_logger()


class Admin(Protocol):
    async def earliest(self, topic: str, partition: int) -> int: ...

    async def read(self, topic: str, partition: int, offset: int, *, timeout: float) -> Record | None: ...


@contextmanager
def _answering() -> Iterator[None]:
    try:
        yield
    except BusUnavailable as error:
        raise Unreachable(f"the log does not answer: {error}") from error


class EventsLog:
    """`patience` is how long a silent log is asked for one record, in seconds."""

    def __init__(self, admin: Admin, *, topic: str, cluster_id: str, patience: float) -> None:
        self._admin = admin
        self._topic = topic
        self._cluster_id = cluster_id
        self._patience = patience

    async def start(self, partition: int) -> Position:
        """From the oldest record that is left. Raises `Unreachable` while the log does not answer."""
        with _answering():
            earliest = await self._admin.earliest(self._topic, partition)
        return Position(to_offset=earliest, clock=0.0, newest=0.0)

    async def judge(self, partition: int, opened: Opened) -> Verdict:
        """How the log in front of us fits the journal. Raises `Unreachable` while it does not answer."""
        position = opened.position
        found = None
        with _answering():
            earliest = await self._admin.earliest(self._topic, partition)
            same_cluster = opened.cluster_id == self._cluster_id
            if same_cluster and position.last_offset is not None and earliest <= position.last_offset:
                found = await self._admin.read(self._topic, partition, position.last_offset, timeout=self._patience)
        clusters = (opened.cluster_id, self._cluster_id)
        return compare(position, clusters=clusters, earliest=earliest, found=found)

    async def verify(self, partition: int, opened: Opened) -> None:
        """Raises `Stop` if this is not the log that the journal was written from."""
        verdict = await self.judge(partition, opened)
        if verdict is Verdict.RETAINED:
            _log.warning("log.retained", partition=partition, verdict=verdict.value)
        if verdict not in FINE:
            raise Stop(
                f"partition {partition} of {self._topic} is not where the journal left it: {verdict.value} "
                f"(next offset {opened.position.to_offset}). Nothing was changed. "
                "Look with `python -m scoring log show`, decide with `python -m scoring log adopt`"
            )
