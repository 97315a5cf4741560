"""Part b: what one core of ingest acknowledges over HTTP, beside what is usually written in its place."""

import sys
from functools import partial

import msgspec
from aiokafka import AIOKafkaConsumer, TopicPartition
from msgspec import Struct

from bench.children import child, words
from bench.cores import BESIDE, UNDER_TEST
from bench.http_load import Report
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
BATCHES, SINGLES = f"batches of {BATCH}", "single events"
MARKS = {BATCHES: Mark(goal=100_000), SINGLES: Mark(goal=10_000)}
OURS = "ingest"
WHO = (OURS, "conventional")
SIZES = {BATCHES: BATCH, SINGLES: 1}
NOTES = (
    "Every answer is a 202 after Kafka's acks (acks=all); one that was not fails the round, and so does an event "
    "that was accepted and is not on the topic.",
    f"{CONNECTIONS} connections with one request each under way. The load, Kafka and PostgreSQL share the other core, "
    "and can be what is slow: CPU-seconds say what the service itself costs.",
    "The conventional service reads no key and writes the same topic (FastAPI, Pydantic, `send()`, snappy, linger 0).",
)


class Served(Struct, frozen=True):
    measured: Measured
    p50: float
    p99: float


async def run(plan: Plan) -> Part:
    found: dict[str, list[Measured]] = {}
    waits: dict[str, list[Served]] = {}
    for number in range(plan.rounds):
        print(f"  round {number + 1} of {plan.rounds}", flush=True)
        contestants: dict[str, Contestant] = {}
        for size in SIZES:
            for who in WHO:
                contestants[f"{who}, {size}"] = partial(_measured, plan, who, size, waits)
        await round_of(contestants, number, found)
    rows = [_rate(who, size, found[f"{who}, {size}"]) for size in SIZES for who in WHO]
    for name, served in waits.items():
        if name.startswith(OURS):
            rows.append(Row(name=f"{name}, p50 of an answer", unit="ms", values=[one.p50 for one in served]))
            rows.append(Row(name=f"{name}, p99 of an answer", unit="ms", values=[one.p99 for one in served]))
    return Part(
        name="ingest",
        title="Ingest, acknowledged, on one core",
        setting=f"POST /v1/events for {SECONDS:g} s a round, 12 partitions, one broker",
        rounds=plan.rounds,
        rows=rows,
        notes=list(NOTES),
    )


def _rate(who: str, size: str, taken: list[Measured]) -> Row:
    unit = "events/s" if size == BATCHES else "requests/s"
    return row(f"{who}, {size}", taken, unit=unit, mark=MARKS[size] if who == OURS else None)


async def _measured(plan: Plan, who: str, size: str, waits: dict[str, list[Served]]) -> Measured:
    async with deployed(plan.place, code=plan.codes.used, mode=TimeMode.WALL) as made:
        service = await (made.start(OURS, UNDER_TEST) if who == OURS else _conventional(made))
        told = await child(
            plan.place,
            "bench.http_load",
            *words(url=service.url, key=made.key, batch=SIZES[size], connections=CONNECTIONS, seconds=SECONDS),
            *words(warm_up=WARM_UP, pid=service.pid),
            cores=BESIDE,
            patience=PATIENCE,
        )
        report = msgspec.convert(told, Report)
        await _check(made, report, await _accepted(service, who))
        spent = report.cpu_seconds or 0.0
        served = Served(Measured(report.events, report.seconds, spent), report.p50, report.p99)
        waits.setdefault(f"{who}, {size}", []).append(served)
        return served.measured


async def _conventional(made: Deployed) -> Started:
    port = free_port()
    command = [sys.executable, "-m", "bench.conventional"]
    command += words(bootstrap=made.deployment.bootstrap, topic=made.events_topic, port=port)
    service = made.beside("conventional", command, UNDER_TEST, port, {"PYTHONPATH": str(CHECKOUT)})
    await service.ready()
    return service


async def _accepted(service: Started, who: str) -> int | None:
    """What ours says it has accepted, warm-up included."""
    if who != OURS:
        return None
    outcomes = await service.figures("churn_ingest_events_total")
    return round(sum(value for labels, value in outcomes.items() if "accepted" in labels))


async def _check(made: Deployed, report: Report, accepted: int | None) -> None:
    """Raises `ServerError` if an answer was no 202 or an accepted event is not on the topic."""
    if set(report.statuses) != {"202"}:
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
