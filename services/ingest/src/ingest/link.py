"""The log, from the first attempt to reach it to the last record."""

import asyncio
from contextlib import suppress

import structlog

from common import topics
from common.bus.errors import Unavailable
from common.bus.ports import Admin, Producer
from common.topics import TimeMode, Topics

_log = structlog.get_logger()
_RETRY_SECONDS = 1.0


class Link:
    """Makes sure of the topics, then opens the producer; until then nothing can be published.

    A log that cannot be reached is tried again; topics of another shape end the process.
    """

    def __init__(
        self,
        admin: Admin,
        producer: Producer,
        names: Topics,
        *,
        mode: TimeMode,
        partitions: int,
        replication: int,
        retention_days: int,
    ) -> None:
        self._admin = admin
        self._producer = producer
        self._names = names
        self._mode = mode
        self._partitions = partitions
        self._replication = replication
        self._retention_days = retention_days
        self._open = False

    def trouble(self) -> str | None:
        """For readiness."""
        if not self._open:
            return "the log was not reached yet"
        return None if self._producer.healthy else "the producer is being replaced"

    async def keep(self, stop: asyncio.Event) -> None:
        """Open until told to stop. Raises `topics.TopicMismatch`."""
        try:
            while not stop.is_set() and not self._open:
                if not await self._reach():
                    with suppress(TimeoutError):
                        await asyncio.wait_for(stop.wait(), _RETRY_SECONDS)
            await stop.wait()
        finally:
            await self._producer.stop()

    async def _reach(self) -> bool:
        try:
            await topics.ensure(
                self._admin,
                self._names,
                mode=self._mode,
                partitions=self._partitions,
                replication=self._replication,
                retention_days=self._retention_days,
            )
            await self._producer.start()
        except Unavailable as error:
            _log.warning("log.unreachable", error=str(error))
            return False
        self._open = True
        _log.info("log.reached", topic=self._names.events, partitions=self._partitions, mode=self._mode.value)
        return True
