"""A process that starts while Kafka or PostgreSQL is away serves at once, says what it waits for, and goes on."""

import asyncio
import socket
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import httpx
import pytest

from chaos.postgres_proxy import PostgresProxy
from common import database
from local.fakes.kafka_proxy import KafkaProxy
from local.fakes.tcp_server import TcpServer
from local.fakes.unavailable import mute, starting_up
from local.stack.embedded_broker import EmbeddedBroker
from local.stack.postgres import Postgres
from local.stack.processes import free_port
from support.client import Client, happening
from support.service import Service
from support.starts import Start
from support.system import PATIENCE, System

EVERYBODY = ("ingest", "worker", "api", "alerts")
READERS_OF_THE_LOG = ("ingest", "worker", "alerts")
# Long enough for many attempts, each of which could say something.
WATCHED = 8.0

Away = Callable[[int], TcpServer]


@asynccontextmanager
async def away(how: Away | None, port: int) -> AsyncIterator[None]:
    """Somebody who is of no use listens at the port; None: nobody does."""
    if how is None:
        # Bound and not listening: it refuses, and no other process gets the port meanwhile.
        with socket.socket() as nobody:
            nobody.bind(("127.0.0.1", port))
            yield
        return
    server = how(port)
    await server.start()
    try:
        yield
    finally:
        await server.stop()


async def serves(http: httpx.AsyncClient, service: Service) -> dict[str, str]:
    """What its readiness says, as soon as it listens."""
    deadline = time.monotonic() + 60.0
    while not service.said("process.started"):
        assert service.running, service.last_words()
        assert time.monotonic() < deadline, service.last_words()
        await asyncio.sleep(0.05)
    assert (await http.get(f"{service.url}/healthz")).status_code == 200
    answer = await http.get(f"{service.url}/readyz")
    assert answer.status_code == 503, service.name
    checks: dict[str, str] = answer.json()["checks"]
    return checks


def complaints(service: Service) -> list[str]:
    """The lines of its log that say that something is wrong."""
    return [line for line in service.output.splitlines() if '"info"' not in line]


async def waits(http: httpx.AsyncClient, services: list[Service], reason: str) -> None:
    """All serve, are not ready for this reason, and do not go on about it."""
    for service in services:
        await serves(http, service)
    await asyncio.sleep(WATCHED)
    for service in services:
        assert service.running, service.last_words()
        checks = (await http.get(f"{service.url}/readyz")).json()["checks"]
        assert reason in " ".join(checks.values()), (service.name, checks)
        said = complaints(service)
        assert 1 <= len(said) <= 8, (service.name, len(said), service.output)
        assert "Traceback" not in service.output, service.output
        assert '"exception"' not in service.output, service.output


async def end_drained(services: list[Service]) -> None:
    """All end by themselves, each within its grace, and cut nothing short."""
    assert await asyncio.gather(*(service.terminate() for service in services)) == [0] * len(services)
    for service in services:
        assert service.said("process.ended", drained=True, failed=None), service.last_words()


@pytest.mark.parametrize("how", [None, mute], ids=["refused", "silent"])
async def test_without_kafka(
    embedded: System, embedded_broker: EmbeddedBroker, http: httpx.AsyncClient, how: Away | None
) -> None:
    port = free_port()
    told = {"KAFKA_BOOTSTRAP": f"127.0.0.1:{port}"}
    async with away(how, port):
        doomed = [embedded.start(name, INGEST_PORT="0", **told) for name in READERS_OF_THE_LOG]
        services = [embedded.start(name, **told) for name in READERS_OF_THE_LOG]
        await waits(http, doomed + services, "the log does not answer")
        await end_drained(doomed)
    proxy = KafkaProxy(embedded_broker.port, port=port)
    await proxy.start()
    try:
        await asyncio.gather(*(service.ready() for service in services))
        await Client(embedded, http).posted(happening("acme", "session.started"))
        await embedded.scored()
        await end_drained(services)
    finally:
        await proxy.stop()


async def test_while_kafka_restarts(embedded: System, embedded_broker: EmbeddedBroker, http: httpx.AsyncClient) -> None:
    """Answers come, and then no more: a bit further into the start each time."""
    proxies = [KafkaProxy(embedded_broker.port) for _ in READERS_OF_THE_LOG]
    for proxy in proxies:
        await proxy.start()
        proxy.cut_after(4)
    told = dict(zip(READERS_OF_THE_LOG, proxies, strict=True))
    services = [embedded.start(name, KAFKA_BOOTSTRAP=proxy.bootstrap) for name, proxy in told.items()]
    try:
        for service in services:
            await serves(http, service)
        for answers in (8, 12, 16):
            await asyncio.sleep(2.0)
            for proxy in proxies:
                proxy.cut_after(answers)
        for proxy in proxies:
            proxy.cut_after(None)
        await asyncio.gather(*(service.ready() for service in services))
        for service in services:
            assert "Traceback" not in service.output, service.output
            assert '"exception"' not in service.output, service.output
        await end_drained(services)
    finally:
        for proxy in proxies:
            await proxy.stop()


@pytest.mark.parametrize(
    ("how", "reason"),
    [(None, "[Errno 111]"), (mute, "no answer in time"), (starting_up, "the database system is starting up")],
    ids=["refused", "silent", "starting up"],
)
async def test_without_postgresql(
    embedded: System, postgres: Postgres, http: httpx.AsyncClient, how: Away | None, reason: str
) -> None:
    proxy = PostgresProxy(postgres.socket, port=free_port())
    url = proxy.url(embedded.deployment.database_url)
    port = int(url.rpartition(":")[2].partition("/")[0])
    async with away(how, port):
        doomed = [embedded.start(name, DATABASE_URL=url, INGEST_PORT="0") for name in EVERYBODY]
        services = [embedded.start(name, DATABASE_URL=url) for name in EVERYBODY]
        await waits(http, doomed + services, reason)
        await end_drained(doomed)
    await proxy.start()
    try:
        await asyncio.gather(*(service.ready() for service in services))
        await Client(embedded, http).posted(happening("acme", "session.started"))
        await embedded.scored()
        await end_drained(services)
    finally:
        await proxy.stop()


async def test_commands_say_in_one_line_that_postgresql_is_away(embedded: System) -> None:
    tried = (("ingest migrate", mute), ("scoring migrate", starting_up), ("alerts keys list", starting_up))
    ports = [free_port() for _ in tried]
    async with AsyncExitStack() as stack:
        for (_, how), port in zip(tried, ports, strict=True):
            await stack.enter_async_context(away(how, port))
        done = await asyncio.gather(
            *(
                embedded.command(words, DATABASE_URL=f"postgresql+asyncpg://churn@127.0.0.1:{port}/churn")
                for (words, _), port in zip(tried, ports, strict=True)
            )
        )
    said = [(code, output.splitlines()) for code, output in done]
    starting = "PostgreSQL: the database system is starting up"
    assert said == [(1, ["PostgreSQL: no answer in time"]), (1, [starting]), (1, [starting])]


async def test_without_tables_a_worker_ends_and_alerts_waits(
    embedded: System, postgres: Postgres, http: httpx.AsyncClient
) -> None:
    name = f"test_{uuid.uuid4().hex}"
    url = await asyncio.to_thread(postgres.create_database, name)
    worker, alerts = (embedded.start(one, DATABASE_URL=url) for one in ("worker", "alerts"))
    assert await worker.ended() == 1
    assert [line["reason"] for line in worker.said("task.ended")] == ['relation "scoring.journal" does not exist']
    await serves(http, alerts)

    async def complains() -> bool:
        said = (await http.get(f"{alerts.url}/readyz")).text
        return r"relation \"alerts.progress\" does not exist" in said

    await embedded.until("alerts says what is missing", complains)
    await database.migrate(url, "alerts")
    await alerts.ready()
    await end_drained([alerts])
    await asyncio.to_thread(postgres.drop_database, name)


@pytest.mark.parametrize("service", ["scoring", "alerts"])
async def test_a_service_makes_its_tables_and_its_keys_by_commands(
    service: str, empty_database: str, fork: Start, tmp_path: Path
) -> None:
    log = tmp_path / "log"
    for words in ("migrate", "migrate", "keys create --source reports --scope read", "keys list"):
        process = fork(f"{service} {words}", environment={"DATABASE_URL": empty_database}, log=log)
        assert await asyncio.to_thread(process.ended, timeout=PATIENCE) == 0, words
    key, *listed = (await asyncio.to_thread(log.read_text)).splitlines()
    assert key.split("_")[1] in listed[-1]
    assert " reports " in listed[-1]
