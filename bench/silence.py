"""Part d: a million silent accounts with timers. What they cost while nothing is due, and how late is what is."""

import asyncio
import time

from aiokafka import AIOKafkaConsumer, TopicPartition

from bench.cores import UNDER_TEST
from bench.lab import Deployed, deployed
from bench.peers.job import Scorer
from bench.peers.job import scorer as scorer_of
from bench.plan import Plan
from bench.results import Mark, Part, Row
from bench.series import percentile
from bench.silent import about_to_be_told, kinds, long_quiet, put
from bench.started import Started
from bench.usage import cpu_seconds, resident
from common import database
from common.contracts.signals import Signal, decode_signals_record
from common.topics import TimeMode
from local.stack.processes import ServerError
from scoring.postgres.store import PostgresStore

ACCOUNTS = 1_000_000
KINDS = 1_000  # that did something of their own; the others are copies
DUE = 10_000
DUE_KINDS = 250  # of those; they are made while the clock runs
MINUTE = 60
QUIET = 60.0  # seconds for which nothing is due and the CPU time is taken
PREPARING = 150  # seconds for the last accounts, the worker's start and the quiet stretch, before the others are due
LATEST = 120.0  # after that minute
NOTES = (
    f"States and timers are put into the tables through the worker's own statement: {KINDS:,} histories of their own "
    f"({DUE_KINDS} of those that are due), made by the core, and copies of them.",
    "Late is the log's own stamp on the signal after the moment that the silence was due to cross a line. The worker "
    "asks the log for the time at most once a second in each partition, so half a second on average is by design.",
    "Taken in one round: the tables take minutes to fill.",
)


async def run(plan: Plan) -> Part:
    async with deployed(plan.place, code=plan.codes.used, mode=TimeMode.WALL) as made:
        await _begun(made)
        minute = await _filled(made, scorer_of(str(plan.codes.used.card)))
        began = time.monotonic()
        worker = await made.start("worker", UNDER_TEST)
        started = time.monotonic() - began
        idle = await _idle(worker, until=minute)
        at_rest = resident(worker.pid)
        print(f"  started in {started:.1f} s, {idle:.2f} % of a core, {at_rest:,.0f} MB", flush=True)
        spent = cpu_seconds(worker.pid)
        late = await _lateness(made, worker, minute)
        spent = cpu_seconds(worker.pid) - spent
        rows = [
            Row(name="CPU while nothing is due", unit="% of a core", values=[idle]),
            Row(name="memory of the worker", unit="MB", values=[at_rest]),
            Row(name="start, until ready", unit="s", values=[started]),
            Row(name=f"late, p50 of {DUE:,} due in one minute", unit="s", values=[percentile(late, 0.5)]),
            Row(
                name=f"late, p99 of {DUE:,} due in one minute",
                unit="s",
                values=[percentile(late, 0.99)],
                mark=Mark(goal=2, at_most=True),
            ),
            Row(name="CPU of the worker for that minute", unit="s", values=[spent]),
        ]
    setting = f"{ACCOUNTS:,} accounts with a timer each in 12 partitions, {DUE:,} of them due in one minute"
    return Part(
        name="silence", title="A million silent accounts", setting=setting, rounds=1, rows=rows, notes=list(NOTES)
    )


async def _begun(made: Deployed) -> None:
    """A worker makes the journals' first rows, and goes."""
    await made.start("worker", UNDER_TEST)
    made.stop()


async def _filled(made: Deployed, scorer: Scorer) -> int:
    """The moment at which a minute begins in which as many are due as should be; no other is for an hour after it."""
    print("  filling the tables", flush=True)
    now = time.time()
    partitions = made.deployment.partitions
    quiet = kinds(KINDS, lambda seed: long_quiet(scorer, now=now, quiet=2 * 3600, seed=seed))
    engine = database.engine(made.deployment.database_url)
    store = PostgresStore(engine, patience=120.0)
    await put(store, ((f"quiet-{n:07}", quiet[n % KINDS]) for n in range(ACCOUNTS - DUE)), partitions=partitions)
    minute = int(time.time()) + PREPARING
    told = kinds(DUE_KINDS, lambda seed: about_to_be_told(scorer, at=minute + seed % MINUTE, seed=seed))
    await put(store, ((f"due-{n:06}", told[n % DUE_KINDS]) for n in range(DUE)), partitions=partitions)
    await engine.dispose()
    return minute


async def _idle(worker: Started, *, until: int) -> float:
    """Per cent of a core over a stretch in which nothing is due."""
    await asyncio.sleep(5.0)  # what starting leaves behind
    if time.time() + QUIET > until:
        raise ServerError("filling the tables took so long that no quiet minute was left")
    before = cpu_seconds(worker.pid)
    await asyncio.sleep(QUIET)
    return (cpu_seconds(worker.pid) - before) / QUIET * 100


async def _lateness(made: Deployed, worker: Started, minute: int) -> list[float]:
    """Seconds, of every signal of that minute."""
    consumer = AIOKafkaConsumer(bootstrap_servers=made.deployment.bootstrap, auto_offset_reset="earliest")
    await consumer.start()
    try:
        consumer.assign([TopicPartition(made.deployment.topics.signals, n) for n in range(made.deployment.partitions)])
        late: dict[str, float] = {}
        while len(late) < DUE:
            worker.check()
            if time.time() > minute + MINUTE + LATEST:
                raise ServerError(f"only {len(late):,} of {DUE:,} signals had come {LATEST:g} s after their minute")
            for records in (await consumer.getmany(timeout_ms=500)).values():
                for record in records:
                    said = decode_signals_record(record.value)
                    if isinstance(said, Signal):
                        late.setdefault(said.account_id, record.timestamp / 1000 - said.at.timestamp())
        return list(late.values())
    finally:
        await consumer.stop()
