"""Guarantees 4, 8 and 9 on Apache Kafka, which stamps its log itself: no backlog looks like silence, no clock lies."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import httpx
import pytest

from common.bus.ports import Outgoing
from common.contracts.events import Event, encode_events_record
from common.contracts.signals import CaughtUp, Signal, decode_signals_record
from support.audit import audit, read, signals_topic
from support.client import Client, happening
from support.quick import QUIET_AFTER
from support.system import System

pytestmark = pytest.mark.kafka

PACE = 0.4


@pytest.fixture
def client(kafka: System, http: httpx.AsyncClient) -> Client:
    return Client(kafka, http)


@asynccontextmanager
async def at_work(client: Client, *accounts: str) -> AsyncIterator[None]:
    """These accounts have a session every now and then until the block is left."""

    async def work() -> None:
        while True:
            await client.posted(*(happening(one, "session.started", user_id="ann") for one in accounts))
            await asyncio.sleep(PACE)

    working = asyncio.create_task(work())
    try:
        yield
    finally:
        working.cancel()
        with suppress(asyncio.CancelledError):
            await working


async def quiet(system: System, account_id: str) -> bool:
    """Whether the account was told to have gone quiet."""
    query = f"SELECT body->>'to' FROM scoring.signal WHERE account_id = '{account_id}' AND kind = 'flag'"
    return ("gone_quiet",) in await system.rows(query)


def seconds(moment: datetime) -> float:
    return moment.timestamp()


async def test_a_backlog_after_an_outage_is_not_silence(kafka: System, client: Client) -> None:
    """Scoring is off for longer than an account may be silent; one goes on all the while, one really falls silent."""
    busy, silent, failing = (kafka.name_in(0, stem) for stem in ("busy", "silent", "failing"))
    _, worker = await kafka.up("ingest", "worker")
    async with at_work(client, busy):
        await client.posted(*(happening(silent, "session.started", user_id=f"user-{n}") for n in range(3)))
        await kafka.scored()
        worker.kill()
        off = time.time()
        await client.posted(happening(failing, "invoice.payment_failed"))

        async def long_enough() -> bool:
            return time.time() > off + QUIET_AFTER + 5

        await kafka.until("scoring was off for longer than an account may be silent", long_enough)
        again = time.time()
        await kafka.up("worker")
        await kafka.scored()
        await kafka.until("the new owner says that it has caught up", lambda: caught_up(kafka, since=again))
    assert await kafka.the("worker").terminate() == 0
    found = await audit(kafka)

    assert await longest_gap(kafka, busy, found.recounts[0].to_offset) < QUIET_AFTER / 2, "the test itself stood still"
    assert [one.to for one in found.of(busy) if one.to == "gone_quiet"] == []
    (told,) = [one for one in found.of(silent) if one.to == "gone_quiet"]
    assert off < seconds(told.since) < again, "it fell silent while nobody looked"
    assert told.cause == f"silence@{told.since:%Y-%m-%dT%H:%M:%SZ}"
    await word_comes_last(kafka, off=off, again=again)


async def caught_up(system: System, *, since: float) -> bool:
    """By the heartbeat of partition 0."""
    query = f"SELECT caught_up FROM scoring.heartbeat WHERE partition = 0 AND at > {since}"
    return await system.rows(query) == [(True,)]


async def longest_gap(system: System, account_id: str, end: int) -> float:
    """Seconds between two records of the account in partition 0."""
    records = await read(system, system.deployment.topics.events, {0: end})
    stamps = [record.timestamp / 1000 for record in records if record.key == account_id.encode()]
    return max(late - early for early, late in pairwise(stamps))


async def word_comes_last(system: System, *, off: float, again: float) -> None:
    """What the outage held up is told first; then readers hear that this was all."""
    records = [record for record in await signals_topic(system) if record.partition == 0]
    after = [decode_signals_record(one.value or b"") for one in records if one.timestamp > again * 1000]
    caught_up = after.index(CaughtUp(0))
    held_up = [n for n, said in enumerate(after) if isinstance(said, Signal) and off < seconds(said.at) < again]
    assert held_up
    assert max(held_up) < caught_up


async def test_a_timer_fires_in_a_partition_where_nothing_comes(kafka: System, client: Client) -> None:
    idle = kafka.name_in(0, "idle")
    others = [kafka.name_in(partition, "busy") for partition in range(1, kafka.deployment.partitions)]
    await kafka.up("ingest", "worker")
    await client.posted(happening(idle, "session.started", user_id="ann"))
    async with at_work(client, *others):
        await kafka.until("the silence of the idle account is told", lambda: quiet(kafka, idle))
    await kafka.told()
    assert await kafka.the("worker").terminate() == 0
    found = await audit(kafka)
    recount = found.recounts[0]
    assert (len(recount.counted), recount.ticks > 0) == (1, True), "one event, and then ticks alone"
    assert not [one for name in others for one in found.of(name) if one.to == "gone_quiet"]

    (told,) = [one for one in found.of(idle) if one.to == "gone_quiet"]
    stamp = next(one.timestamp for one in await signals_topic(kafka) if decode_signals_record(one.value or b"") == told)
    assert 0 <= stamp / 1000 - seconds(told.since) < 10, "seconds after it was due"


async def test_a_clock_a_year_ahead_changes_nothing(kafka: System, client: Client) -> None:
    """Neither an event's own time nor the stamp of whoever writes to the log: the broker says when it was."""
    await kafka.up("ingest", "worker")
    ahead = datetime.now(UTC) + timedelta(days=365)
    answer = await client.post(happening("phone", "session.started", time=ahead))
    assert answer.status_code == 422
    assert answer.json()["items"][0]["errors"][0]["field"] == "time"

    event = Event(
        event_id="from the future", account_id="phone", name="session.started", time=ahead, source="other",
        received_at=ahead, user_id="ann",
    )  # fmt: skip
    stamp = round(ahead.timestamp() * 1000)
    partition = kafka.partition_of("phone")
    topic = kafka.deployment.topics.events
    before = time.time()
    (ack,) = await kafka.append(topic, [Outgoing(partition, b"phone", encode_events_record(event), (), stamp)])
    after = time.time()
    await kafka.until("the phone is told to have gone quiet, this year", lambda: quiet(kafka, "phone"))
    await kafka.told()
    assert await kafka.the("worker").terminate() == 0
    found = await audit(kafka)

    records = await read(kafka, topic, {partition: ack.offset + 1})
    assert before - 1 < records[ack.offset].timestamp / 1000 < after + 1
    (told,) = [one for one in found.of("phone") if one.to == "gone_quiet"]
    assert before < seconds(told.since) < after + QUIET_AFTER + 3
