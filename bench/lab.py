"""One deployment for one round: a database, a topic prefix and a group of its own, and processes where they belong."""

import asyncio
import sys
import uuid
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from itertools import islice

import httpx
from prometheus_client.parser import text_string_to_metric_families
from sqlalchemy.ext.asyncio import create_async_engine

from bench.cores import Cores, on
from bench.journal import Journal
from common import database, topics
from common.bus.kafka import KafkaAdmin, KafkaProducer
from common.bus.ports import Outgoing
from common.contracts.events import Event, encode_events_record
from common.keys import KeyStore, Scope
from common.topics import TimeMode, partition_of
from local.outlets import Outlets
from local.processes import Process, ServerError, free_port
from local.servers import CHECKOUT, Broker
from local.services import Deployment, Ports, last_lines
from local.temporary import Place

CARD = CHECKOUT / "deploy" / "scorecard.yml"
ROUTES = CHECKOUT / "bench" / "routes.yml"
COMMANDS = {"ingest": "ingest serve", "worker": "scoring worker", "alerts": "alerts serve"}
PORTS = {"ingest": "INGEST_PORT", "worker": "SCORING_WORKER_PORT", "alerts": "ALERTS_PORT"}
READY_SECONDS = 240.0
FILLED_AT_ONCE = 5_000
POLL = 0.05


class Started:
    """A process of ours that answers at `url`."""

    def __init__(self, name: str, process: Process, port: int) -> None:
        self.name = name
        self.process = process
        self.url = f"http://127.0.0.1:{port}"

    @property
    def pid(self) -> int:
        return self.process.pid

    async def ready(self) -> None:
        """Raises `ServerError` with its last words."""
        async with httpx.AsyncClient(timeout=5.0) as http:
            async with asyncio.timeout(READY_SECONDS):
                while not await _answers(http, self.url):
                    self.check()
                    await asyncio.sleep(POLL)

    def check(self) -> None:
        """Raises `ServerError` with its last words if it has ended."""
        if not self.process.running:
            raise ServerError(f"{self.name} has ended\n{last_lines(self.process.log)}")

    async def figures(self, name: str) -> dict[tuple[str, ...], float]:
        """Of one metric, by the values of its labels (without those that say who speaks)."""
        async with httpx.AsyncClient(timeout=10.0) as http:
            text = (await http.get(f"{self.url}/metrics")).text
        return {
            tuple(value for label, value in sample.labels.items() if label not in ("service", "process")): sample.value
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == name
        }


class Deployed:
    """Nothing of it runs until it is started."""

    def __init__(self, place: Place, deployment: Deployment, *, key: str, journal: Journal) -> None:
        self.deployment = deployment
        self.key = key
        self.journal = journal
        self._place = place
        self._environment = deployment.environment(Ports(scoring_api=0))
        self._started: list[Started] = []

    @property
    def events_topic(self) -> str:
        return self.deployment.topics.events

    async def start(self, name: str, cores: Cores, **settings: str) -> Started:
        """Ready; `name` is one of `COMMANDS`."""
        started = self.launch(name, cores, **settings)
        await started.ready()
        return started

    def launch(self, name: str, cores: Cores, **settings: str) -> Started:
        """Returns at once."""
        port = free_port()
        environment = {**self._environment, "LOG_FORMAT": "json", PORTS[name]: str(port), **settings}
        command = [sys.executable, "-m", *COMMANDS[name].split()]
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

    def _launch(
        self, name: str, command: list[str], cores: Cores, port: int, environment: Mapping[str, str]
    ) -> Started:
        log = self._place.logs / f"{self.deployment.prefix}{name}-{len(self._started)}.log"
        with on(cores):
            process = Process(command, log=log, env=environment)
        self._place.ledger.add(name, process.pid)
        started = Started(name, process, port)
        self._started.append(started)
        return started


@asynccontextmanager
async def deployed(place: Place, *, mode: TimeMode, outlets: Outlets | None = None) -> AsyncIterator[Deployed]:
    """Tables, topics and a key that opens ingest; when the block is left, its processes and its database are gone."""
    name = f"bench_{uuid.uuid4().hex[:8]}"
    url = await asyncio.to_thread(place.servers.postgres.create_database, name)
    deployment = Deployment(
        bootstrap=place.servers.bootstrap, database_url=url, broker=Broker.KAFKA, mode=mode, card=CARD,
        prefix=f"{name}.", outlets=outlets, routes=ROUTES,
    )  # fmt: skip
    await topics.ensure(
        KafkaAdmin(deployment.bootstrap),
        deployment.topics,
        mode=mode,
        partitions=deployment.partitions,
        replication=1,
        retention_days=35,
    )
    for service in ("ingest", "scoring", "alerts"):
        await database.migrate(url, service)
    engine = create_async_engine(url)
    key = await KeyStore(engine, schema="ingest").create(source="web", scopes=frozenset({Scope.WRITE}))
    made = Deployed(place, deployment, key=key, journal=Journal(engine))
    try:
        async with made.journal:
            yield made
    finally:
        made.stop()
        await engine.dispose()
        await asyncio.to_thread(place.servers.postgres.drop_database, name)


async def _answers(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(f"{url}/readyz")).status_code == httpx.codes.OK
    except httpx.TransportError:
        return False
