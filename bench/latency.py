"""Part c: how long after an event was accepted its signal is in Kafka, and the request at Slack."""

import asyncio
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import partial

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from bench.code import Code
from bench.cores import UNDER_TEST
from bench.lab import Deployed, deployed
from bench.latency_rows import SHARES, Waits, rows_beside, rows_of
from bench.mixed_load import posted
from bench.plan import Plan
from bench.results import Part
from bench.rounds import order
from bench.series import percentile
from common.contracts.signals import Signal, decode_signals_record
from common.topics import TimeMode
from local.fakes.slack_sink import SlackPost, SlackSink
from local.replay.ingest_client import ClientEvent, ndjson
from local.stack.processes import ServerError
from local.stack.sinks import SinkPorts

ROUNDS = 3
RATE = 1_000  # events a second of everybody else
SIGNALS = 8  # a second that have to reach a person
SECONDS = 30.0
SETTLING = 5.0  # before the first of them
LAST_ONES = 10.0
OWNER = "dana@example.com"
NOTES = (
    "A cancellation is posted, one in a request of its own; it raises a flag and brings the account to red. All "
    "moments are of one machine's clock: 202 read by the client, the log's own stamp on the signal (whole "
    "milliseconds), the request read by a stand-in for Slack.",
    "A signal can be in Kafka before the client has read its 202: such a wait counts as none.",
    "Ingest, the worker and alerts share one core; Kafka, PostgreSQL, the load and the stand-in share the other.",
)

# Slack takes one message a second and channel; here all go to two channels, and the way there is what is measured.
UNHURRIED = {"ALERTS_SLACK_PER_SECOND": "0"}


class Asked(Struct):
    """One cancellation; moments in seconds since the epoch."""

    account_id: str
    posted: float
    accepted: float


async def run(plan: Plan) -> Part:
    rounds = min(plan.rounds, ROUNDS)
    former = plan.codes.former
    codes = {code.name: code for code in (plan.codes.used, former) if code is not None}
    taken: dict[str, list[Waits]] = {name: [] for name in codes}
    for number in range(rounds):
        print(f"  round {number + 1} of {rounds}", flush=True)
        for name in order(list(codes), number):
            waits = await _round(plan, codes[name], seed=number)
            taken[name].append(waits)
            p50, p99 = (percentile(waits.slack, share) for share in SHARES.values())
            print(f"    {name}, to Slack: p50 {p50:.1f} ms, p99 {p99:.1f} ms", flush=True)
    rows = rows_of(taken[plan.codes.used.name])
    if former is not None:
        rows += rows_beside(rows, rows_of(taken[former.name]), former.name)
    return Part(
        name="latency",
        title="From an accepted event to Slack",
        setting=f"{RATE:,} events a second beside {SIGNALS} signals a second for a person, {SECONDS:g} s a round",
        against=former.name if former else None,
        rounds=rounds,
        rows=rows,
        notes=list(NOTES),
    )


async def _round(plan: Plan, code: Code, *, seed: int) -> Waits:
    sink_ports = SinkPorts()
    async with SlackSink(port=sink_ports.slack) as slack, deployed(
        plan.place, code=code, mode=TimeMode.WALL, sink_ports=sink_ports
    ) as made:  # fmt: skip
        ingest, _, _ = await asyncio.gather(
            made.start("ingest", UNDER_TEST),
            made.start("worker", UNDER_TEST),
            made.start("alerts", UNDER_TEST, **UNHURRIED),
        )
        seconds = SETTLING + SECONDS + 2
        load = asyncio.create_task(posted(plan.place, ingest.url, made.key, rate=RATE, seconds=seconds, seed=seed))
        headers = {"authorization": f"Bearer {made.key}", "content-type": "application/x-ndjson"}
        async with httpx.AsyncClient(base_url=ingest.url, headers=headers, timeout=30.0) as http:
            asked = await _cancellations(http)
        arrived = partial(_arrivals, slack, asked)
        await _patiently(arrived)
        await load
        return _waits(asked, await _signals(made), arrived())


async def _cancellations(http: httpx.AsyncClient) -> list[Asked]:
    """Each customer is known to the books before it cancels."""
    names = [f"leaving-{n:05}" for n in range(round(SECONDS * SIGNALS))]
    facts = {"name": "Leaving", "tier": "high", "owner": OWNER, "seats": 20, "arr": 9_000, "stage": "adoption"}
    await _post(http, [_happening(name, "account.updated", facts) for name in names])
    await asyncio.sleep(SETTLING)
    asked: list[Asked] = []
    async with asyncio.TaskGroup() as posts:
        begun = time.monotonic()
        for n, name in enumerate(names):
            posts.create_task(_cancel(http, name, asked))
            await asyncio.sleep(max(0.0, begun + (n + 1) / SIGNALS - time.monotonic()))
    return asked


async def _cancel(http: httpx.AsyncClient, account_id: str, asked: list[Asked]) -> None:
    posted = time.time()
    await _post(http, [_happening(account_id, "contract.cancel_requested", {})])
    asked.append(Asked(account_id, posted, time.time()))


async def _post(http: httpx.AsyncClient, happenings: list[ClientEvent]) -> None:
    answer = await http.post("/v1/events", content=ndjson(happenings))
    if answer.status_code != httpx.codes.ACCEPTED:
        raise ServerError(f"ingest answered {answer.status_code}: {answer.text[:300]}")


def _happening(account_id: str, name: str, properties: dict[str, object]) -> ClientEvent:
    return ClientEvent(f"{account_id}-{name}", account_id, name, datetime.now(UTC), properties=properties)


def _arrivals(slack: SlackSink, asked: list[Asked]) -> dict[str, float] | None:
    """When the first message about each account came; None while some are missing."""
    first: dict[str, float] = {}
    for post in slack.posts.all:
        first.setdefault(_account(post), post.moment)
    return first if all(one.account_id in first for one in asked) else None


def _account(post: SlackPost) -> str:
    """Every message links to the page of its account."""
    _, _, rest = str(post.body).partition("/accounts/")
    return rest[: len("leaving-00000")]


async def _patiently(arrived: partial[dict[str, float] | None]) -> None:
    deadline = time.monotonic() + LAST_ONES
    while arrived() is None:
        if time.monotonic() > deadline:
            raise ServerError(f"not all messages came within {LAST_ONES:g} s of the last cancellation")
        await asyncio.sleep(0.2)


async def _signals(made: Deployed) -> dict[str, float]:
    """When the log took the first signal about each account."""
    consumer = AIOKafkaConsumer(bootstrap_servers=made.deployment.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        partitions = [TopicPartition(made.deployment.topics.signals, n) for n in range(made.deployment.partitions)]
        consumer.assign(partitions)
        left = sum((await consumer.end_offsets(partitions)).values())
        first: dict[str, float] = {}
        while left > 0:
            for records in (await consumer.getmany(timeout_ms=500)).values():
                left -= len(records)
                for record in records:
                    said = decode_signals_record(record.value)
                    if isinstance(said, Signal):
                        first.setdefault(said.account_id, record.timestamp / 1000)
        return first
    finally:
        await consumer.stop()


def _waits(asked: list[Asked], signals: Mapping[str, float], arrived: Mapping[str, float] | None) -> Waits:
    assert arrived is not None, "waited for"

    def since(moment: float, begun: float) -> float:
        return max(0.0, moment - begun) * 1000

    return Waits(
        signal=[since(signals[one.account_id], one.accepted) for one in asked],
        slack=[since(arrived[one.account_id], one.accepted) for one in asked],
        whole=[since(arrived[one.account_id], one.posted) for one in asked],
    )
