"""Part f: two and four workers on one topic, and what a state weighs."""

import asyncio
import signal
import time
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

from bench.cores import CORES
from bench.lab import Deployed, deployed
from bench.peers.job import Account, Scorer, dump
from bench.peers.job import scorer as scorer_of
from bench.plan import Plan, enough, stamped
from bench.results import Part, Row
from bench.series import slope
from bench.started import Started
from bench.usage import cpu_seconds
from bench.workload import events
from common.contracts.events import Event
from common.topics import TimeMode
from local.stack.processes import ServerError

ROUNDS = 2
WORKERS = (1, 2, 4)
SECONDS = 10.0  # of work for one of them
ACCOUNTS = 2_000
PATIENCE = 300.0
ASLEEP = 60.0  # seconds after which a sleeping worker would lose its partitions
SETTLING = 2.0
KEPT = 256
USERS = (5, 20, 100, 300)
DAYS = 30
A_DAY = 3  # events of each user
NAMES = ("session.started", "session.started", "report.created", "workflow.run", "feature.used", "page.viewed")
DAY = 86_400.0


async def run(plan: Plan) -> Part:
    rounds = min(plan.rounds, ROUNDS)
    found: dict[int, list[tuple[float, float]]] = {count: [] for count in WORKERS}
    for number in range(rounds):
        print(f"  round {number + 1} of {rounds}", flush=True)
        for workers in WORKERS:
            rate, cpu = await _round(plan, workers, seed=number)
            found[workers].append((rate, cpu))
            print(f"    workers: {workers}: {rate:,.0f} a second, {cpu:.2f} CPU-s for 100,000", flush=True)
    rows = [_rate(workers, taken) for workers, taken in found.items()]
    return Part(
        name="scale",
        title="More workers, and what a state weighs",
        setting=f"{enough(SECONDS, plan.codes.used):,} events in 12 partitions, {len(CORES)} cores",
        rounds=rounds,
        rows=[*rows, *weights(plan.codes.used.card)],
        notes=[
            f"The workers may use all {len(CORES)} cores, those of Kafka and PostgreSQL too. On two cores the second "
            "worker has what Kafka and PostgreSQL leave of theirs, and four compete with each other: this shows what "
            "sharing a topic costs, not how far it scales. CPU-seconds are those of all workers together.",
            f"States are of accounts whose every user does {A_DAY} things a day for {DAYS} days. A distinct metric "
            f"keeps at most {KEPT} people.",
        ],
    )


def _rate(workers: int, taken: list[tuple[float, float]]) -> Row:
    name = "1 worker" if workers == 1 else f"{workers} workers, in all"
    return Row(name=name, unit="events/s", values=[rate for rate, _ in taken], cpu=[cpu for _, cpu in taken])


async def _round(plan: Plan, count: int, *, seed: int) -> tuple[float, float]:
    """Events a second from the first commit to the last, and CPU-seconds for 100,000.

    The workers share the partitions first and sleep while the topic is filled, so that all begin at once.
    """
    async with deployed(plan.place, code=plan.codes.used, mode=TimeMode.STREAM) as made:
        patience = {"SCORING_SESSION_SECONDS": str(ASLEEP)}
        starting = (made.start("worker", CORES, **patience) for _ in range(count))
        workers = list(await asyncio.gather(*starting))
        await _shared(workers, made.deployment.partitions)
        for worker in workers:
            worker.process.signal(signal.SIGSTOP)
        start, span = stamped()
        filled = await made.fill(
            events(enough(SECONDS, plan.codes.used), accounts=ACCOUNTS, seed=seed, start=start, span=span)
        )
        for worker in workers:
            worker.process.signal(signal.SIGCONT)
        return await _measured(made, workers, filled)


async def _shared(workers: list[Started], partitions: int) -> None:
    """Until all of them own as many partitions as the others."""
    deadline = time.monotonic() + PATIENCE
    while not all([await _owned(worker) == partitions / len(workers) for worker in workers]):
        if time.monotonic() > deadline:
            raise ServerError("the workers did not come to share the partitions")
        await asyncio.sleep(0.2)
    await asyncio.sleep(SETTLING)


async def _owned(worker: Started) -> float:
    owned = await worker.figures("churn_scoring_partitions_owned")
    return sum(owned.values())


async def _measured(made: Deployed, workers: list[Started], filled: int) -> tuple[float, float]:
    def alive() -> None:
        for worker in workers:
            worker.check()

    first = await made.journal.until(1, patience=PATIENCE, alive=alive)
    before = _spent(workers)
    last = await made.journal.until(filled, patience=PATIENCE, alive=alive)
    spent = _spent(workers) - before
    counted = 0.0
    for worker in workers:
        counted += (await worker.figures("churn_scoring_events_total")).get(("counted",), 0.0)
    if counted != filled:
        raise ServerError(f"{filled} events were on the topic, {counted:.0f} were counted")
    done = last.done - first.done
    return done / (last.moment - first.moment), spent / done * 100_000


def _spent(workers: list[Started]) -> float:
    return sum(cpu_seconds(worker.pid) for worker in workers)


def weights(card: Path) -> list[Row]:
    """Bytes of a stored state, by how many people use the product."""
    scorer = scorer_of(str(card))
    sizes = [float(len(dump(scorer, _used(scorer, users)))) for users in USERS]
    rows = [
        Row(name=f"state of an account with {users} users", unit="bytes", values=[size])
        for users, size in zip(USERS, sizes, strict=True)
    ]
    # Above 256 people a metric keeps no more of them.
    few = [(float(users), size) for users, size in zip(USERS, sizes, strict=True) if users <= KEPT]
    each = slope([users for users, _ in few], [size for _, size in few])
    return [*rows, Row(name=f"of that for each user, up to {KEPT}", unit="bytes", values=[each])]


def _used(scorer: Scorer, users: int) -> Account:
    draw, account = Random(users), scorer.create("account")
    begin = datetime.now(UTC).timestamp() - DAYS * DAY
    scorer.apply(account, _event(0, begin, "account.updated", None, {"seats": users, "tier": "high"}), begin)
    for n in range(users * A_DAY * DAYS):
        moment = begin + DAYS * DAY * n / (users * A_DAY * DAYS)
        name = draw.choice(NAMES)
        properties = {"feature": f"feature-{draw.randrange(16):02}"} if name == "feature.used" else {}
        scorer.apply(account, _event(n + 1, moment, name, f"user-{draw.randrange(users):03}", properties), moment)
    return account


def _event(number: int, moment: float, name: str, user: str | None, properties: dict[str, Any]) -> Event:
    at = datetime.fromtimestamp(moment, UTC)
    return Event(f"event-{number}", "account", name, at, "web", at, user_id=user, properties=properties)
