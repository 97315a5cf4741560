"""The log, from the first attempt to reach it to the last record."""

import asyncio
from contextlib import suppress

import structlog

from common import topics
from common.bus.errors import Unavailable
from common.bus.ports import Admin, ProbedProducer
from common.topics import TimeMode, Topics
from common.waiting import Outage, unless_stopped, until_it_answers

_log = structlog.get_logger()


class Link:
    """Makes sure of the topics, then opens the producer; until then nothing can be published.

    From then on the log is asked every `probe_every` seconds whether it takes records, so that readiness knows while
    nobody posts; more often while it does not. Topics of another shape end the process.
    """

    def __init__(
        self,
        admin: Admin,
        producer: ProbedProducer,
        names: Topics,
        *,
        mode: TimeMode,
        partitions: int,
        replication: int,
        retention_days: int,
        probe_every: float = 2.0,
    ) -> None:
        self._admin = admin
        self._producer = producer
        self._names = names
        self._mode = mode
        self._partitions = partitions
        self._replication = replication
        self._retention_days = retention_days
        self._probe_every = probe_every
        self._outage = Outage("log")
        self._open = False

    def trouble(self) -> str | None:
        """For readiness."""
        if self._outage.reason is not None:
            return self._outage.reason
        if not self._open:
            return "the log was not reached yet"
        return None if self._producer.healthy else "the producer is being replaced"

    async def keep(self, stop: asyncio.Event) -> None:
        """Open until told to stop. Raises `topics.TopicMismatch`."""
        try:
            await unless_stopped(stop, self._opened())
            while not stop.is_set():
                await unless_stopped(stop, self._probe())
                away = self._outage.reason is not None
                with suppress(TimeoutError):
                    await asyncio.wait_for(stop.wait(), self._probe_every / 4 if away else self._probe_every)
        finally:
            await self._producer.stop()

    async def _opened(self) -> None:
        await until_it_answers(self._reach, outage=self._outage, again_after=Unavailable)
        self._open = True
        _log.info("log.reached", topic=self._names.events, partitions=self._partitions, mode=self._mode.value)

    async def _reach(self) -> None:
        await topics.ensure(
            self._admin,
            self._names,
            mode=self._mode,
            partitions=self._partitions,
            replication=self._replication,
            retention_days=self._retention_days,
        )
        await self._producer.start()

    async def _probe(self) -> None:
        try:
            await self._producer.probe(self._names.events)
        except Unavailable as error:
            self._outage.goes_on(error)
        else:
            self._outage.over()
