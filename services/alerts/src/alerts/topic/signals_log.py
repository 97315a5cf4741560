"""The signals topic: where to begin reading a partition."""

from typing import Protocol

import structlog

from alerts.topic.position import LogContinuity, TopicPosition, check_continuity
from common.bus.errors import BusUnavailable
from common.bus.ports import Record
from common.errors import Unreachable

_log = structlog.get_logger()


class SignalsTopicAdmin(Protocol):
    async def earliest(self, topic: str, partition: int) -> int: ...

    async def read(self, topic: str, partition: int, offset: int, *, timeout: float) -> Record | None: ...


class SignalsLog:
    """`patience` is how long to wait for one record of the log, in seconds."""

    def __init__(self, admin: SignalsTopicAdmin, *, topic: str, cluster_id: str, patience: float) -> None:
        self._admin = admin
        self._topic = topic
        self._patience = patience
        self.cluster_id = cluster_id

    async def start(self, partition: int, position: TopicPosition | None) -> TopicPosition:
        """Where to go on. Raises `Unreachable` while the log does not answer."""
        try:
            return await self._start(partition, position)
        except BusUnavailable as error:
            raise Unreachable(f"the log does not answer: {error}") from error

    async def _start(self, partition: int, position: TopicPosition | None) -> TopicPosition:
        earliest = await self._admin.earliest(self._topic, partition)
        beginning = TopicPosition(self.cluster_id, earliest)
        if position is None:
            return beginning
        last = None
        if position.cluster_id == self.cluster_id and earliest < position.to_offset:
            last = await self._admin.read(self._topic, partition, position.to_offset - 1, timeout=self._patience)
        continuity = check_continuity(position, cluster_id=self.cluster_id, earliest=earliest, last=last)
        if continuity is LogContinuity.SAME:
            return position
        _log.error("log.restarted", partition=partition, verdict=continuity.value, was=position.to_offset, now=earliest)
        return beginning
