"""Part e: what ten million remembered ids cost, and how soon a worker that was killed is at full speed with them."""

import asyncio
import math
import os
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from msgspec.structs import replace

from bench.children import child
from bench.cores import UNDER_TEST
from bench.journal import EVERY, Journal, Look
from bench.lab import Deployed, deployed
from bench.plan import Plan, enough, stamped
from bench.results import Mark, Part, Row
from bench.series import regained
from bench.started import Started
from bench.workload import events
from common import database
from common.topics import TimeMode
from local.stack.processes import ServerError
from scoring.partition.commit import Commit
from scoring.partition.dedupe import HOURS, hour_of
from scoring.partition.memory import StoredPartition
from scoring.partition.seen.generation import DIGEST
from scoring.postgres.store import PostgresStore

IDS = 10_000_000
ROUNDS = 2
ACCOUNTS = 2_000
BLOB = 2_000  # ids of one commit of the past
FULL = 10.0  # seconds at full speed before the kill, of which the last count
BEFORE = 5.0
AFTER = 40.0
BUSY = FULL + 30.0  # seconds of events on the topic
SPAN = timedelta(hours=1)  # of the records' own times: longer, and ids would be forgotten meanwhile
SHARE = 0.9
WINDOW = 1.0
PATIENCE = 120.0
MEMORY_SECONDS = 420.0
NOTES = (
    "Bytes, look-ups and restoring are taken by `python -m bench.dedupe_memory`, each case in a process of its own, "
    "memory by the kernel's word.",
    f"A worker that owns all 12 partitions reads a long topic at full speed with {IDS:,} ids stored, is killed (kill "
    f"-9), and started again at once. Full speed is {SHARE:.0%} of what it did in the {BEFORE:g} s before, for "
    f"{WINDOW:g} s. The group waits for the dead member's session first (6 s by default).",
)


async def run(plan: Plan) -> Part:
    rows = await _remembering(plan)
    rounds = min(plan.rounds, ROUNDS)
    taken = []
    for number in range(rounds):
        print(f"  round {number + 1} of {rounds}", flush=True)
        first, full = await _killed(plan, seed=number)
        print(f"    after kill -9: first commit {first:.1f} s, full speed {full:.1f} s", flush=True)
        taken.append((first, full))
    mark = Mark(goal=10, at_most=True)
    rows += [
        Row(name="kill -9 to the first commit", unit="s", values=[first for first, _ in taken]),
        Row(name="kill -9 to full speed", unit="s", values=[full for _, full in taken], mark=mark),
    ]
    return Part(
        name="dedupe",
        title="Ten million ids, and a worker killed",
        setting=f"{IDS:,} ids of 128 bits in 12 partitions",
        rounds=rounds,
        rows=rows,
        notes=list(NOTES),
    )


async def _remembering(plan: Plan) -> list[Row]:
    """Of a worker that has run for long: partitions' ids as they come. Then a look-up, and a start."""
    named = await _case(plan, "named", 1)
    counted = await _case(plan, "counted", 12)
    restored = await _case(plan, "restored", 12)
    mark = Mark(goal=20, at_most=True)
    return [
        Row(name="memory for an id", unit="bytes", values=[counted["bytes_an_id"]], mark=mark),
        Row(name="the same with what malloc keeps", unit="bytes", values=[counted["resident_bytes_an_id"]]),
        Row(name="look-up of a new id", unit="us", values=[counted["look_new_us"]]),
        Row(name="look-up of a remembered id", unit="us", values=[counted["look_known_us"]]),
        Row(name="keeping an id, all told", unit="us", values=[counted["keep_us"]]),
        Row(name="an event's digest", unit="us", values=[named["digest_us"]]),
        Row(name="restoring all ids from what was read", unit="s", values=[restored["seconds"]]),
    ]


async def _case(plan: Plan, case: str, partitions: int) -> dict[str, Any]:
    arguments = (case, str(partitions))
    return await child(plan.place, "bench.dedupe_memory", *arguments, cores=UNDER_TEST, patience=MEMORY_SECONDS)


async def _killed(plan: Plan, *, seed: int) -> tuple[float, float]:
    """Seconds from the kill to the first commit after it, and to full speed."""
    async with deployed(plan.place, code=plan.codes.used, mode=TimeMode.STREAM) as made:
        start, _ = stamped()
        await made.start("worker", UNDER_TEST)
        made.stop()
        await _remember(made, newest=start.timestamp())
        records = enough(BUSY, plan.codes.used)
        filled = await made.fill(events(records, accounts=ACCOUNTS, seed=seed, start=start, span=SPAN))
        worker = made.launch("worker", UNDER_TEST)
        await made.journal.until(1, patience=PATIENCE, alive=worker.check)
        before = await _watched(made.journal, worker, seconds=FULL)
        speed = _speed(before)
        worker.process.kill()
        killed = time.monotonic()
        worker = made.launch("worker", UNDER_TEST)
        after = await _watched(made.journal, worker, seconds=AFTER, until=filled)
        return _recovery(after, killed=killed, speed=speed)


async def _remember(made: Deployed, *, newest: float) -> None:
    """Ten million ids of the day before, spread over its hours, as a day's commits would have left them; and a few
    more, for commits are whole.
    """
    engine = database.engine(made.deployment.database_url)
    store = PostgresStore(engine, patience=120.0)
    commits = math.ceil(IDS / made.deployment.partitions / (HOURS + 1) / BLOB)
    for number in range(made.deployment.partitions):
        opened = await store.load_partition(number)
        assert opened is not None, "begun by a worker"
        last = opened.seq
        for hour in range(hour_of(newest) - HOURS, hour_of(newest) + 1):
            for _ in range(commits):
                await store.commit(_past(number, opened, last, hour, newest), opened.cluster_id)
                last += 1
    await engine.dispose()


def _past(number: int, opened: StoredPartition, last: int, hour: int, newest: float) -> Commit:
    return Commit(
        partition=number,
        last_seq=last,
        writer=opened.writer,
        position=replace(opened.position, newest=newest),
        states={},
        timers={},
        seen={hour: os.urandom(BLOB * DIGEST)},
        accounts=(),
        days=(),
        signals=(),
        outbox=(),
    )


async def _watched(journal: Journal, worker: Started, *, seconds: float, until: int | None = None) -> list[Look]:
    """What was done when, for so long or until so much is done."""
    looks = [await journal.look()]
    while looks[-1].moment - looks[0].moment < seconds and (until is None or looks[-1].done < until):
        worker.check()
        await asyncio.sleep(EVERY)
        looks.append(await journal.look())
    return looks


def _speed(looks: Sequence[Look]) -> float:
    """Records a second in the last seconds before the kill. Raises `ServerError` if the topic had ended by then."""
    end = looks[-1]
    begin = next(look for look in looks if end.moment - look.moment <= BEFORE)
    if end.done == begin.done:
        raise ServerError("the topic came to its end before the kill")
    return (end.done - begin.done) / (end.moment - begin.moment)


def _recovery(looks: Sequence[Look], *, killed: float, speed: float) -> tuple[float, float]:
    # A second counts from the first commit on: what comes at once after a pause is no speed.
    working = [look for look in looks if look.done > looks[0].done]
    moments, done = [look.moment for look in working], [float(look.done) for look in working]
    full = regained(moments, done, speed=SHARE * speed, window=WINDOW)
    if full is None:
        raise ServerError(f"no full speed ({speed:,.0f} a second) within {AFTER:g} s of the kill")
    return moments[0] - killed, full - killed
