"""Part b: what one core of ingest acknowledges over HTTP, beside what is usually written in its place."""

import sys
from collections.abc import Mapping
from functools import partial

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from bench.children import child, words
from bench.code import Code
from bench.cores import BESIDE, UNDER_TEST
from bench.http_load import ACCEPTED, Form, Report
from bench.lab import Deployed, deployed
from bench.plan import Plan, row
from bench.results import Mark, Part, Row
from bench.rounds import Contestant, Measured, round_of
from bench.started import Started
from common.topics import TimeMode
from local.stack.processes import ServerError, free_port
from local.stack.servers import CHECKOUT

SECONDS = 6.0
WARM_UP = 1.5
CONNECTIONS = 64
BATCH = 100
PATIENCE = 90.0
BATCHES, SEGMENT, SINGLES = f"batches of {BATCH}", f"Segment batches of {BATCH}", "single events"
MARKS = {BATCHES: Mark(goal=100_000), SINGLES: Mark(goal=10_000)}
OURS, CONVENTIONAL = "ingest", "conventional"


class Posts(Struct, frozen=True):
    """What one contestant is sent: `size` events a request."""

    size: int
    form: Form = Form.EVENTS


POSTS = {BATCHES: Posts(BATCH), SEGMENT: Posts(BATCH, Form.SEGMENT), SINGLES: Posts(1)}


class Served(Struct, frozen=True):
    measured: Measured
    p50: float
    p99: float


class Side(Struct, frozen=True):
    """Who is measured: `code` is None for the conventional service. `knows` are the posts that it can take."""

    name: str
    code: Code | None
    knows: tuple[str, ...]


NOTES = (
    "Every answer is a 202 (for Segment 200) after Kafka's acks (acks=all); one that was not fails the round, and so "
    "does an event that was accepted and is not on the topic.",
    f"{CONNECTIONS} connections with one request each under way. The load, Kafka and PostgreSQL share the other core, "
    "and can be what is slow: CPU-seconds say what the service itself costs.",
    "The conventional service reads no key and writes the same topic (FastAPI, Pydantic, `send()`, snappy, linger 0).",
)


async def run(plan: Plan) -> Part:
    found: dict[str, list[Measured]] = {}
    waits: dict[str, list[Served]] = {}
    sides = _sides(plan)
    for number in range(plan.rounds):
        print(f"  round {number + 1} of {plan.rounds}", flush=True)
        contestants: dict[str, Contestant] = {}
        for posts in POSTS:
            for side in sides:
                if posts in side.knows:
                    contestants[f"{side.name}, {posts}"] = partial(_measured, plan, side, posts, waits)
        await round_of(contestants, number, found)
    rows = [_rate(side, posts, found) for posts in POSTS for side in sides if posts in side.knows]
    for name, served in waits.items():
        if name.startswith(OURS):
            rows.append(Row(name=f"{name}, p50 of an answer", unit="ms", values=[one.p50 for one in served]))
            rows.append(Row(name=f"{name}, p99 of an answer", unit="ms", values=[one.p99 for one in served]))
    return Part(
        name="ingest",
        title="Ingest, acknowledged, on one core",
        setting=f"POST /v1/events, /v1/batch for {SECONDS:g} s a round, 12 partitions, one broker",
        rounds=plan.rounds,
        rows=rows,
        notes=list(NOTES),
    )


def _sides(plan: Plan) -> list[Side]:
    """Today's code, the commit that it is measured beside, and what is usually written."""
    former = plan.codes.former
    sides = [Side(OURS, plan.codes.used, tuple(POSTS))]
    if former is not None:
        knows = tuple(POSTS) if _takes_segment(former) else (BATCHES, SINGLES)
        sides.append(Side(f"{OURS} of {former.name}", former, knows))
    return [*sides, Side(CONVENTIONAL, None, (BATCHES, SINGLES))]


def _takes_segment(code: Code) -> bool:
    return (code.checkout / "services" / "ingest" / "src" / "ingest" / "sdk").exists()


def _rate(side: Side, posts: str, found: Mapping[str, list[Measured]]) -> Row:
    unit = "requests/s" if posts == SINGLES else "events/s"
    name = f"{side.name}, {posts}"
    return row(name, found[name], unit=unit, mark=MARKS.get(posts) if side.name == OURS else None)


async def _measured(plan: Plan, side: Side, posts: str, waits: dict[str, list[Served]]) -> Measured:
    async with deployed(plan.place, code=side.code or plan.codes.used, mode=TimeMode.WALL) as made:
        service = await (made.start(OURS, UNDER_TEST) if side.code else _conventional(made))
        sent = POSTS[posts]
        told = await child(
            plan.place,
            "bench.http_load",
            *words(url=service.url, key=made.key, batch=sent.size, connections=CONNECTIONS, seconds=SECONDS),
            *words(warm_up=WARM_UP, pid=service.pid, form=sent.form),
            cores=BESIDE,
            patience=PATIENCE,
        )
        report = msgspec.convert(told, Report)
        await _check(made, report, await _accepted(service, side), str(ACCEPTED[sent.form]))
        spent = report.cpu_seconds or 0.0
        served = Served(Measured(report.events, report.seconds, spent), report.p50, report.p99)
        waits.setdefault(f"{side.name}, {posts}", []).append(served)
        return served.measured


async def _conventional(made: Deployed) -> Started:
    port = free_port()
    command = [sys.executable, "-m", "bench.conventional"]
    command += words(bootstrap=made.deployment.bootstrap, topic=made.events_topic, port=port)
    service = made.beside("conventional", command, UNDER_TEST, port, {"PYTHONPATH": str(CHECKOUT)})
    await service.ready()
    return service


async def _accepted(service: Started, side: Side) -> int | None:
    """What ours says it has accepted, warm-up included."""
    if side.code is None:
        return None
    outcomes = await service.figures("churn_ingest_events_total")
    return round(sum(value for labels, value in outcomes.items() if "accepted" in labels))


async def _check(made: Deployed, report: Report, accepted: int | None, status: str) -> None:
    """Raises `ServerError` if an answer had another status or an accepted event is not on the topic."""
    if set(report.statuses) != {status}:
        raise ServerError(f"answers were {report.statuses}")
    written = await _on_topic(made)
    if written < report.events or accepted not in (None, written):
        raise ServerError(f"accepted {accepted or report.events} events, on the topic are {written}")


async def _on_topic(made: Deployed) -> int:
    consumer = AIOKafkaConsumer(bootstrap_servers=made.deployment.bootstrap)
    await consumer.start()
    try:
        partitions = [TopicPartition(made.events_topic, number) for number in range(made.deployment.partitions)]
        return sum((await consumer.end_offsets(partitions)).values())
    finally:
        await consumer.stop()
