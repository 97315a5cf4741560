"""`python -m ingest serve` as a process of its own, with a real broker and a real PostgreSQL."""

import asyncio
import gzip
import json
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx

from common.bus.kafka import KafkaAdmin
from common.bus.partitioner import partition_of
from common.contracts.events import Event, decode_events_record
from common.database import engine
from common.keys import KeyStore, Scope
from local.fakes.kafka_proxy import KafkaProxy
from local.stack.embedded_broker import EmbeddedBroker
from support.posted_events import GOOD

WELL = {"log": "ok", "keys": "ok", "aliases": "ok", "posts": "ok", "erasures": "ok"}


@dataclass
class Process:
    child: asyncio.subprocess.Process
    port: int
    prefix: str
    bearer: dict[str, str]

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def ready(self, http: httpx.AsyncClient) -> None:
        """Its log says when it has reached the broker; keys come as they are asked for."""
        await self.line("log.reached")
        assert (await http.get(f"{self.address}/healthz")).status_code == 200

    async def line(self, event: str) -> dict[str, Any]:
        """The next log line of this name."""
        return await _line(self.child, event)


async def _line(child: asyncio.subprocess.Process, event: str) -> dict[str, Any]:
    assert child.stderr is not None
    said = []
    async with asyncio.timeout(60):
        while text := await child.stderr.readline():
            said.append(text.decode())
            with suppress(json.JSONDecodeError):
                line: dict[str, Any] = json.loads(text)
                if line["event"] == event:
                    return line
    raise AssertionError(f"it never said {event}: {''.join(said)}")


@asynccontextmanager
async def serving(database: str, bootstrap: str, **settings: str) -> AsyncIterator[Process]:
    pool = engine(database, pool_size=1)
    token = await KeyStore(pool, schema="ingest").create(source="web", scopes=frozenset({Scope.WRITE}))
    await pool.dispose()
    prefix = f"{uuid4().hex}."
    told = {
        "DATABASE_URL": database,
        "KAFKA_BOOTSTRAP": bootstrap,
        "TOPIC_PREFIX": prefix,
        "PARTITIONS": "2",
        "INGEST_PORT": "0",
        "LOG_FORMAT": "json",
        **settings,
    }
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ingest", "serve", env=told, stderr=asyncio.subprocess.PIPE
    )
    try:
        port = (await _line(child, "process.started"))["port"]
        yield Process(child, port, prefix, {"authorization": f"Bearer {token}"})
    finally:
        if child.returncode is None:
            child.kill()
        await child.communicate()


async def on_the_log(bootstrap: str, process: Process) -> Event:
    partition = partition_of(b"acme", 2)
    admin = KafkaAdmin(bootstrap, fetch_max_wait=0.01)
    record = await admin.read(f"{process.prefix}account.events.v1", partition, 0, timeout=5)
    assert record is not None
    assert record.value is not None
    found = decode_events_record(record.value)
    assert isinstance(found, Event)
    return found


async def test_an_event_goes_from_a_socket_to_a_broker(database: str, embedded_broker: EmbeddedBroker) -> None:
    async with serving(database, embedded_broker.bootstrap) as process, httpx.AsyncClient() as http:
        await process.ready(http)
        body = gzip.compress(json.dumps([GOOD, {**GOOD, "name": "opened"}]).encode())
        headers = {**process.bearer, "content-type": "application/json", "content-encoding": "gzip"}
        answer = await http.post(f"{process.address}/v1/events", content=body, headers=headers)
        assert answer.status_code == 202
        assert (answer.json()["accepted"], answer.json()["rejected"]) == (1, 1)
        assert (await http.get(f"{process.address}/readyz")).json()["checks"] == WELL
        event = await on_the_log(embedded_broker.bootstrap, process)
        assert (event.event_id, event.source) == ("e-1", "web")


async def test_sigterm_lets_a_request_finish_and_takes_no_other(database: str, embedded_broker: EmbeddedBroker) -> None:
    async with serving(database, embedded_broker.bootstrap) as process, httpx.AsyncClient() as http:
        await process.ready(http)
        body = json.dumps(GOOD).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
        writer.write(_head(process, len(body)) + body[:20])
        await writer.drain()
        await _in_flight(http, process)

        process.child.send_signal(signal.SIGTERM)
        await process.line("process.draining")
        while await _accepts(process.port):
            pass
        writer.write(body[20:])
        answer = await reader.read()
        assert answer.startswith(b"HTTP/1.1 202")
        writer.close()

        assert (await process.line("process.ended"))["drained"] is True
        assert await process.child.wait() == 0
        assert (await on_the_log(embedded_broker.bootstrap, process)).event_id == "e-1"


async def test_half_a_body_is_given_up_after_a_while(database: str, embedded_broker: EmbeddedBroker) -> None:
    async with serving(database, embedded_broker.bootstrap, INGEST_BODY_SECONDS="0.2") as process:
        reader, writer = await asyncio.open_connection("127.0.0.1", process.port)
        writer.write(_head(process, 100) + b"[")
        answer = await reader.read()  # until it closes the connection
        assert answer.startswith(b"HTTP/1.1 408")
        writer.close()


async def test_without_a_broker_it_is_alive_but_not_ready_and_takes_nothing(database: str) -> None:
    async with serving(database, "127.0.0.1:1") as process, httpx.AsyncClient() as http:
        assert (await http.get(f"{process.address}/healthz")).status_code == 200
        assert "the log does not answer" in await becomes(http, process, 503)
        answer = await http.post(f"{process.address}/v1/events", json=GOOD, headers=process.bearer)
        assert (answer.status_code, answer.json()["code"]) == (503, "not_acknowledged")
        process.child.send_signal(signal.SIGTERM)
        assert await process.child.wait() == 0


async def test_readiness_follows_the_broker_though_nobody_posts(database: str, embedded_broker: EmbeddedBroker) -> None:
    async with (
        proxied(embedded_broker) as proxy,
        serving(database, proxy.bootstrap, INGEST_ACK_SECONDS="3") as process,
        httpx.AsyncClient(timeout=30) as http,
    ):

        async def posted() -> int:
            return (await http.post(f"{process.address}/v1/events", json=GOOD, headers=process.bearer)).status_code

        await becomes(http, process, 200)
        await proxy.stop()
        assert "the log does not answer: no broker can be reached" in await becomes(http, process, 503)
        assert await posted() == 503
        await proxy.start()
        await becomes(http, process, 200)
        assert await posted() == 202
        proxy.stall()
        assert "the log does not answer" in await becomes(http, process, 503)
        proxy.flow()
        await becomes(http, process, 200)
        assert await posted() == 202
        process.child.send_signal(signal.SIGTERM)
        assert await process.child.wait() == 0


@asynccontextmanager
async def proxied(broker: EmbeddedBroker) -> AsyncIterator[KafkaProxy]:
    proxy = KafkaProxy(broker.port)
    await proxy.start()
    yield proxy
    await proxy.stop()


async def becomes(http: httpx.AsyncClient, process: Process, status: int) -> str:
    """What /readyz says as soon as it answers with this."""
    async with asyncio.timeout(60):
        while (answer := await http.get(f"{process.address}/readyz")).status_code != status:  # noqa: ASYNC110 - it is asked
            await asyncio.sleep(0.05)
    return answer.text


async def test_topics_with_other_settings_end_the_process(database: str, embedded_broker: EmbeddedBroker) -> None:
    prefix = f"{uuid4().hex}."
    await KafkaAdmin(embedded_broker.bootstrap).create(
        f"{prefix}account.events.v1", partitions=3, replication=1, config={}
    )
    async with serving(database, embedded_broker.bootstrap, TOPIC_PREFIX=prefix) as process:
        line = await process.line("task.ended")
        assert line["exception"][0]["exc_type"] == "TopicMismatch"
        assert await process.child.wait() == 1


def _head(process: Process, length: int) -> bytes:
    lines = [
        "POST /v1/events HTTP/1.1",
        "Host: ingest",
        "Content-Type: application/json",
        f"Content-Length: {length}",
        f"Authorization: {process.bearer['authorization']}",
    ]
    return "".join(f"{line}\r\n" for line in [*lines, ""]).encode()


async def _in_flight(http: httpx.AsyncClient, process: Process) -> None:
    """Returns when the first part of a body has come."""
    while True:
        shown = (await http.get(f"{process.address}/metrics")).text
        if "churn_ingest_pending_bytes 20.0" in shown:
            return


async def _accepts(port: int) -> bool:
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True
    return False
