"""Opens the Kafka producer when the topics exist, and probes it for readiness until the process stops."""

import asyncio

import structlog

from common import topics
from common.bus.errors import BusUnavailable
from common.bus.ports import Admin, ProbedProducer
from common.retry import Outage, retry_until_available
from common.stopping import run_until_stopped, stopped_within
from common.topics import TimeMode, Topics

_log = structlog.get_logger()


class ProducerSupervisor:
    """Creates missing topics, then starts the producer. Until then nothing can be published.

    Afterwards it probes Kafka every `probe_every` seconds, and more often during an outage. So readiness also fails
    while no client posts. A topic with other settings ends the process.
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
        self._started = False

    def not_ready_reason(self) -> str | None:
        if self._outage.reason is not None:
            return self._outage.reason
        if not self._started:
            return "the log was not reached yet"
        return None if self._producer.healthy else "the producer is being replaced"

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when told to stop. Raises `topics.TopicMismatch`."""
        try:
            await run_until_stopped(stop, self._start())
            while not stop.is_set():
                await run_until_stopped(stop, self._probe())
                # During an outage probes are more frequent, so that readiness returns soon after Kafka.
                away = self._outage.reason is not None
                await stopped_within(self._probe_every / 4 if away else self._probe_every, stop)
        finally:
            await self._producer.stop()

    async def _start(self) -> None:
        await retry_until_available(self._try_to_start, outage=self._outage, retry_on=BusUnavailable)
        self._started = True
        _log.info("log.reached", topic=self._names.events, partitions=self._partitions, mode=self._mode.value)

    async def _try_to_start(self) -> None:
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
        except BusUnavailable as error:
            self._outage.report(error)
        else:
            self._outage.end()
