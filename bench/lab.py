"""One deployment for one round: a database, a topic prefix and a group of its own, and processes where they belong."""

import asyncio
import os
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from itertools import islice

from sqlalchemy.ext.asyncio import create_async_engine

from bench.code import Code
from bench.cores import Cores, on
from bench.journal import Journal
from bench.started import Started
from common import topics
from common.bus.kafka import KafkaAdmin, KafkaProducer
from common.bus.partitioner import partition_of
from common.bus.ports import Outgoing
from common.contracts.events import Event, encode_events_record
from common.topics import TimeMode
from local.stack.deployment import Deployment, Ports
from local.stack.processes import Process, ServerError, free_port
from local.stack.servers import Broker
from local.stack.sinks import SinkPorts
from local.stack.temporary import TemporaryStack

SERVICES = ("ingest", "scoring", "alerts")
COMMANDS = {
    "ingest": "ingest serve", "worker": "scoring worker", "api": "scoring api", "alerts": "alerts serve",
    "console": "console serve",
}  # fmt: skip
PORTS = {
    "ingest": "INGEST_PORT", "worker": "SCORING_WORKER_PORT", "api": "SCORING_API_PORT", "alerts": "ALERTS_PORT",
    "console": "CONSOLE_PORT",
}  # fmt: skip
KEY = "ingest keys create --source web --scope write"
FILLED_AT_ONCE = 5_000


class Deployed:
    """Nothing of it runs until it is started."""

    def __init__(
        self, name: str, place: TemporaryStack, deployment: Deployment, code: Code, *, journal: Journal
    ) -> None:
        self.deployment = deployment
        self.journal = journal
        self.key = ""
        self._name = name
        self._place = place
        self._code = code
        self._environment = {
            **deployment.environment(Ports(scoring_api=0)),
            "LOG_FORMAT": "json",
            # Of its own where another deployment reads the same topics.
            "SCORING_GROUP": f"{name}.scoring",
            "ALERTS_PLAYBOOKS": str(code.checkout / "deploy" / "playbooks.yml"),
            **code.environment(),
        }
        self._started: list[Started] = []

    @property
    def events_topic(self) -> str:
        return self.deployment.topics.events

    async def prepare(self, services: Sequence[str]) -> None:
        """Their tables, and a key that opens ingest."""
        await asyncio.gather(*(self.run(f"{service} migrate") for service in services))
        if "ingest" in services:
            self.key = (await self.run(KEY)).split()[-1]

    async def start(self, name: str, cores: Cores, **settings: str) -> Started:
        """Ready; `name` is one of `COMMANDS`."""
        started = self.launch(name, cores, **settings)
        await started.ready()
        return started

    def launch(self, name: str, cores: Cores, **settings: str) -> Started:
        """Returns at once."""
        port = free_port()
        environment = {**self._environment, PORTS[name]: str(port), **settings}
        command = self._code.command(*COMMANDS[name].split())
        return self._launch(name, command, cores, port, environment)

    def beside(self, name: str, command: list[str], cores: Cores, port: int, environment: Mapping[str, str]) -> Started:
        """Another server, in the place of one of ours."""
        return self._launch(name, command, cores, port, environment)

    def stop(self) -> None:
        for started in reversed(self._started):
            started.process.stop()
        self._started.clear()

    async def fill(self, events: Iterable[Event]) -> int:
        """Puts them on the topic as they are, each with its own time; how many there were."""
        producer = KafkaProducer(self.deployment.bootstrap)
        await producer.start()
        filled, left = 0, iter(events)
        try:
            while some := [self._outgoing(event) for event in islice(left, FILLED_AT_ONCE)]:
                filled += len(await producer.send(self.events_topic, some))
        finally:
            await producer.stop()
        return filled

    def _outgoing(self, event: Event) -> Outgoing:
        key = event.account_id.encode()
        number = partition_of(key, self.deployment.partitions)
        stamp = round(event.time.timestamp() * 1000) if self.deployment.mode is TimeMode.STREAM else None
        return Outgoing(number, key, encode_events_record(event), timestamp=stamp)

    async def run(self, words: str) -> str:
        """What it prints. Raises `ServerError`."""
        process = await asyncio.create_subprocess_exec(
            *self._code.command(*words.split()),
            env={**os.environ, **self._environment},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        told, errors = await process.communicate()
        if process.returncode != 0:
            raise ServerError(
                f"{words}, {self._code.name}, ended with {process.returncode}:\n{errors.decode()[-3000:]}"
            )
        return told.decode()

    def _launch(
        self, name: str, command: list[str], cores: Cores, port: int, environment: Mapping[str, str]
    ) -> Started:
        log = self._place.logs / f"{self._name}.{name}-{len(self._started)}.log"
        with on(cores):
            process = Process(command, log=log, env=environment)
        self._place.process_list.add(name, process.pid)
        started = Started(name, process, port)
        self._started.append(started)
        return started


@asynccontextmanager
async def deployed(
    place: TemporaryStack,
    *,
    code: Code,
    mode: TimeMode,
    sink_ports: SinkPorts | None = None,
    services: Sequence[str] = SERVICES,
    prefix: str | None = None,
) -> AsyncIterator[Deployed]:
    """Topics, the services' tables by the code's own migrations, and a key that opens ingest; when the block is left,
    its processes and its database are gone. With the `prefix` of another deployment it reads the topics of that one.
    """
    name = f"bench_{uuid.uuid4().hex[:8]}"
    url = await asyncio.to_thread(place.servers.postgres.create_database, name)
    deployment = Deployment(
        bootstrap=place.servers.bootstrap, database_url=url, broker=Broker.KAFKA, mode=mode, card=code.card,
        prefix=prefix or f"{name}.", sink_ports=sink_ports, routes=code.checkout / "bench" / "routes.yml",
    )  # fmt: skip
    await topics.ensure(
        KafkaAdmin(deployment.bootstrap),
        deployment.topics,
        mode=mode,
        partitions=deployment.partitions,
        replication=1,
        retention_days=35,
    )
    engine = create_async_engine(url)
    made = Deployed(name, place, deployment, code, journal=Journal(engine))
    try:
        await made.prepare(services)
        async with made.journal:
            yield made
    finally:
        made.stop()
        await engine.dispose()
        await asyncio.to_thread(place.servers.postgres.drop_database, name)
