"""Part k: a worker with a hundred thousand accounts and a bound on the memory that it keeps them in."""

import asyncio

from bench.cores import UNDER_TEST
from bench.lab import deployed
from bench.plan import Plan, stamped
from bench.results import Mark, Part, Row
from bench.started import Started
from bench.usage import resident
from bench.workload import events
from common.topics import TimeMode

ACCOUNTS = 100_000
EVENTS = 500_000  # the books say two things of each account
BOUNDS = (300, 2_000)  # MB
BESIDE = 120  # MB that the process takes before it has a partition, at most
EVERY = 0.5
PATIENCE = 600.0


async def run(plan: Plan) -> Part:
    rows = []
    for bound in BOUNDS:
        rows += await _bounded(plan, bound)
    return Part(
        name="memory",
        title="A bound on the memory for accounts",
        setting=f"{ACCOUNTS:,} accounts, {EVENTS:,} events in 12 partitions, SCORING_ACCOUNTS_MB",
        rounds=1,
        rows=rows,
        notes=[
            "Resident memory is the most that was seen of the worker, twice a second. All events lie on the topic when "
            "it starts, so its inboxes are full.",
            "Loaded are accounts that were decoded to be scored: from bytes in memory, or from PostgreSQL.",
        ],
    )


async def _bounded(plan: Plan, bound: int) -> list[Row]:
    async with deployed(plan.place, code=plan.codes.used, mode=TimeMode.STREAM) as made:
        start, span = stamped()
        filled = await made.fill(events(EVENTS, accounts=ACCOUNTS, seed=1, start=start, span=span))
        worker = await made.start("worker", UNDER_TEST, SCORING_ACCOUNTS_MB=str(bound))
        seen = [0.0]
        watching = asyncio.create_task(_watched(worker, seen))
        first = await made.journal.until(1, patience=PATIENCE, alive=worker.check)
        last = await made.journal.until(filled, patience=PATIENCE, alive=worker.check)
        loaded = await worker.figures("churn_scoring_accounts_loaded_total")
        watching.cancel()
    rate = (last.done - first.done) / (last.moment - first.moment)
    of = f"bound {bound} MB"
    return [
        Row(name=f"{of}: resident", unit="MB", values=[max(seen)], mark=Mark(goal=bound + BESIDE, at_most=True)),
        Row(name=f"{of}: events", unit="events/s", values=[rate]),
        *(
            Row(name=f"{of}: loaded from {source}", unit="accounts", values=[count])
            for (source,), count in loaded.items()
        ),
    ]


async def _watched(worker: Started, seen: list[float]) -> None:
    """Appends how much memory the worker has, until cancelled."""
    while True:
        seen.append(resident(worker.pid))
        await asyncio.sleep(EVERY)
