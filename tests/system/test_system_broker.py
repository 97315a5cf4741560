"""Guarantee 1 on Apache Kafka: 2xx means that the log has it, whatever becomes of the broker."""

import asyncio

import httpx
import pytest

from local.stack.apache_kafka import ApacheKafka
from support.audit import audit
from support.client import Client, happening
from support.load import loaded
from support.system import System

pytestmark = pytest.mark.kafka


async def test_a_broker_killed_in_the_middle_of_posting_costs_nothing_that_was_accepted(
    kafka: System, apache_broker: ApacheKafka, http: httpx.AsyncClient
) -> None:
    """SIGKILL ends the process and leaves the page cache: a power cut is what replication is for."""
    client = Client(kafka, http)
    ingest, worker = await kafka.up("ingest", "worker")
    again = happening("acme", "session.started", user_id="ann")
    async with loaded(kafka, clients=6) as load:
        await kafka.commits(30)
        apache_broker.node().kill()
        try:
            answer = await client.post(again)
            assert (answer.status_code, answer.json()["code"]) == (503, "not_acknowledged")
            assert int(answer.headers["retry-after"]) > 0
        finally:
            await asyncio.to_thread(apache_broker.start_node)
        waits, before = load.waits, len(load.accepted)

        async def flows() -> bool:
            return len(load.accepted) > before + 200

        await kafka.until("events are accepted again", flows)
        await client.posted(again)
        await kafka.commits(30)
    assert waits > 0, "somebody was told to come again"
    await kafka.scored()
    await kafka.told()
    assert (ingest.running, worker.running) == (True, True), "nobody had to be started again"
    assert (await client.http.get(f"{ingest.url}/readyz")).status_code == 200
    assert await worker.terminate() == 0
    found = await audit(kafka, accepted=load.accepted | {again.event_id})
    assert found.figures.duplicates > 0
