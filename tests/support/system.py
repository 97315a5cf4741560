"""The whole system as its users run it: each service a process of its own on real servers, hurt at will."""

import asyncio
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from common import database
from common.bus.kafka import KafkaProducer
from common.bus.partitioner import partition_of
from common.bus.ports import Ack, Outgoing
from common.contracts.events import Tick, encode_events_record
from common.keys import KeyStore, Scope
from common.topics import TimeMode
from local.stack.deployment import Deployment, Keys, Ports
from local.stack.processes import free_port
from local.stack.servers import Broker
from support.quick import QUICK
from support.service import Service
from support.starts import Start, fresh

ERASURE_KEY = "a key of thirty-two characters, at least"
PARTITIONS = 4
PATIENCE = 60.0
POLL = 0.05
COMMITS = "SELECT sum(seq) FROM (SELECT max(seq) AS seq FROM scoring.journal GROUP BY partition)"
_REACHED = "SELECT DISTINCT ON (partition) partition, to_offset FROM scoring.journal ORDER BY partition, seq DESC"
COMMANDS = {
    "ingest": "ingest serve",
    "worker": "scoring worker",
    "api": "scoring api",
    "alerts": "alerts serve",
    "console": "console serve",
}


class System:
    """One deployment: a database, a topic prefix and a group of its own, and the processes that a test starts.

    Ingest comes back at the same address; `settings` are for all processes, by their names in the environment.
    """

    def __init__(
        self,
        deployment: Deployment,
        *,
        logs: Path,
        settings: Mapping[str, str],
        remembered: int = 2_000_000,
        start: Start = fresh,
    ) -> None:
        self.deployment = deployment
        self.remembered = remembered
        self.services: list[Service] = []
        self.keys = asyncio.run(_prepared(deployment.database_url))
        self._logs = logs
        self._start = start
        self._starts = 0
        self._engine = create_async_engine(deployment.database_url, poolclass=NullPool)
        self._settings = {
            **deployment.environment(Ports(ingest=free_port(), scoring_api=0, scoring_worker=0)),
            "LOG_FORMAT": "json",
            "ERASURE_KEY": ERASURE_KEY,
            "ALERTS_PORT": "0",
            "CONSOLE_PORT": "0",
            "ALERTS_GROUP": f"{deployment.prefix}alerts",
            "SCORING_REMEMBERED_IDS": str(remembered),
            **settings,
        }

    def start(self, name: str, **settings: str) -> Service:
        """Returns at once. `name` is one of `COMMANDS`."""
        environment = self._settings | settings
        service = Service(name, COMMANDS[name], environment=environment, log=self._log(name), start=self._start)
        self.services.append(service)
        return service

    def started(self, *names: str) -> list[Service]:
        """All of them, ready. Not from within the event loop."""
        services = [self.start(name) for name in names]
        for service in services:
            service.wait_ready()
        return services

    async def up(self, *names: str, **settings: str) -> list[Service]:
        """All of them, ready."""
        services = [self.start(name, **settings) for name in names]
        await asyncio.gather(*(service.ready() for service in services))
        return services

    def the(self, name: str) -> Service:
        """The one that was started last under this name."""
        return next(service for service in reversed(self.services) if service.name == name)

    @property
    def ingest_url(self) -> str:
        return f"http://127.0.0.1:{self._settings['INGEST_PORT']}"

    def stop(self) -> None:
        for service in self.services:
            service.kill()

    def partition_of(self, account_id: str) -> int:
        return partition_of(account_id.encode(), self.deployment.partitions)

    def name_in(self, partition: int, stem: str) -> str:
        """An account of this partition."""
        return next(name for n in range(1000) if self.partition_of(name := f"{stem}-{n}") == partition)

    async def command(self, words: str, **settings: str) -> tuple[int, str]:
        """Exit code and output of `python -m WORDS`, as an operator types it."""
        log = self._log(words.partition(" ")[0])
        process = self._start(words, environment=self._settings | settings, log=log)
        code = await asyncio.to_thread(process.ended, timeout=PATIENCE)
        return code, await asyncio.to_thread(log.read_text)

    async def key(self, service: str, *scopes: Scope) -> str:
        """A new one, in a moment known to the service."""
        return await _key(self.deployment.database_url, service, *scopes)

    async def rows(self, query: str) -> list[tuple[Any, ...]]:
        async with self._engine.connect() as connection:
            return [tuple(row) for row in await connection.execute(text(query))]

    async def execute(self, statement: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(text(statement))

    async def snapshot(self, queries: Mapping[str, str]) -> dict[str, list[tuple[Any, ...]]]:
        """All of them as of one moment."""
        engine = self._engine.execution_options(isolation_level="REPEATABLE READ")
        async with engine.connect() as connection:
            return {
                name: [tuple(row) for row in await connection.execute(text(query))] for name, query in queries.items()
            }

    async def append(self, topic: str, records: list[Outgoing]) -> list[Ack]:
        """Past all services, as another program would."""
        producer = KafkaProducer(self.deployment.bootstrap)
        await producer.start()
        try:
            return await producer.send(topic, records)
        finally:
            await producer.stop()

    async def scored(self, *, seconds: float = PATIENCE) -> None:
        """When all that is on the log now has been scored: a tick of ours is the last of it."""
        ticks = [Outgoing(n, None, encode_events_record(Tick())) for n in range(self.deployment.partitions)]
        acks = await self.append(self.deployment.topics.events, ticks)
        ends = {ack.partition: ack.offset for ack in acks}

        async def through() -> bool:
            reached = dict(await self.rows(_REACHED))
            return all(reached.get(partition, 0) > offset for partition, offset in ends.items())

        await self.until("every partition is scored to its end", through, seconds=seconds)

    async def commits(self, count: int) -> None:
        """When as many more transactions have been written."""

        async def written() -> int:
            found = await self.rows(COMMITS)
            return int(found[0][0] or 0)

        goal = await written() + count

        async def reached() -> bool:
            return await written() >= goal

        await self.until(f"{count} more commits are written", reached)

    async def told(self) -> None:
        """When the outbox is empty."""

        async def empty() -> bool:
            return await self.rows("SELECT count(*) FROM scoring.outbox") == [(0,)]

        await self.until("the outbox is empty", empty)

    async def passes(self, seconds: float) -> None:
        """When so much time has passed, and nobody has ended meanwhile."""
        until = time.monotonic() + seconds

        async def over() -> bool:
            return time.monotonic() >= until

        await self.until(f"{seconds:g} s pass", over, seconds=seconds + PATIENCE)

    async def until(self, what: str, holds: Callable[[], Awaitable[bool]], *, seconds: float = PATIENCE) -> None:
        """Raises `AssertionError` with the last words of every process if it does not come about."""
        deadline = time.monotonic() + seconds
        while not await holds():
            dead = [service for service in self.services if service.expected and not service.running]
            assert not dead, f"waiting until {what}\n{self._last_words()}"
            assert time.monotonic() < deadline, f"not within {seconds:g} s: {what}\n{self._last_words()}"
            await asyncio.sleep(POLL)

    def _log(self, name: str) -> Path:
        self._starts += 1
        return self._logs / f"{self._starts}-{name}.log"

    def _last_words(self) -> str:
        return "\n".join(service.last_words() for service in self.services)


@contextmanager
def system(
    *,
    bootstrap: str,
    broker: Broker,
    database_url: str,
    directory: Path,
    card: str = QUICK,
    mode: TimeMode = TimeMode.WALL,
    first_look_seconds: int = 0,
    more: Mapping[str, str] | None = None,
    start: Start = fresh,
    **settings: str,
) -> Iterator[System]:
    """Nothing of it runs yet; whatever was started is ended. `more` settings are like those by keyword.
    Without a wait of first looks accounts are told of from their first records on. `start` starts each process.

    Not from within the event loop.
    """
    file = directory / "card.yml"
    file.write_text(card)
    deployment = Deployment(
        bootstrap=bootstrap,
        database_url=database_url,
        broker=broker,
        mode=mode,
        card=file,
        prefix=f"{uuid.uuid4().hex[:8]}.",
        partitions=PARTITIONS,
        first_look_seconds=first_look_seconds,
    )
    made = System(deployment, logs=directory / "log", settings={**(more or {}), **settings}, start=start)
    try:
        yield made
    finally:
        made.stop()


async def _prepared(url: str) -> Keys:
    """Tables, and a key for each door."""
    for service in ("ingest", "scoring", "alerts", "console"):
        await database.migrate(url, service)
    return Keys(write=await _key(url, "ingest", Scope.WRITE), read=await _key(url, "scoring", Scope.READ))


async def _key(url: str, service: str, *scopes: Scope) -> str:
    engine = create_async_engine(url, poolclass=NullPool)
    return await KeyStore(engine, schema=service).create(source="web", scopes=frozenset(scopes))
