"""Part a: events a second on one core, from the topic through the whole transaction, and what others do there."""

import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

from bench.children import PEERS_PYTHON, child, missing, words
from bench.cores import UNDER_TEST
from bench.lab import Deployed, deployed
from bench.plan import WORKER, Plan, row, stamped
from bench.results import Mark, Part, Row
from bench.rounds import Contestant, Measured, round_of
from bench.usage import cpu_seconds
from bench.workload import events
from common.topics import TimeMode
from local.processes import ServerError

ACCOUNTS = 2_000
PATIENCE = 300.0
BARE = "aiokafka's bare consume"
CORE = "the pure core in process"
QUIX = "Quix Streams, exactly once"
BYTEWAX = "Bytewax, with recovery"
MARK = Mark(goal=60_000, floor=20_000)
TIMES_QUIX = "the worker, times Quix Streams"
# What runs where the services run, and what needs the environment of the peers and a package there.
OURS = {BARE: "bench.peers.bare", CORE: "bench.peers.core"}
PEERS = {QUIX: ("bench.peers.quix_frame", "quixstreams"), BYTEWAX: ("bench.peers.bytewax_flow", "bytewax")}
NOTES = (
    "The worker does more than the peers: it drops duplicates, fires timers, and writes states, receipts and signals "
    "to PostgreSQL in one fenced transaction. The peers get the same pure core, keep its accounts in their own "
    "stores, and do neither.",
    "Records carry times spread over two days, so that time passes between the events of an account, as it does.",
    "The consume alone (`getmany`, 500 at once) and the core alone (decode and apply, records read beforehand) bound "
    "what the worker could reach.",
)


async def run(plan: Plan) -> Part:
    found: dict[str, list[Measured]] = {}
    absent = {name: why for name, (_, package) in PEERS.items() if (why := missing(package)) is not None}
    for number in range(plan.rounds):
        print(f"  round {number + 1} of {plan.rounds}", flush=True)
        await _round(plan, number, found, peers=[name for name in PEERS if name not in absent])
    names = [name for name in (WORKER, BARE, CORE, QUIX, BYTEWAX) if name in found]
    rows = [row(name, found[name], mark=MARK if name == WORKER else None) for name in names]
    if QUIX in found:
        rows += _against(found[WORKER], found[QUIX])
    return Part(
        name="scoring",
        title="Scoring on one core",
        setting=f"{plan.events:,} events of {ACCOUNTS:,} accounts in 12 partitions, snappy, the default card",
        rounds=plan.rounds,
        rows=rows,
        notes=[*NOTES, *(f"{name} was left out: {why}." for name, why in absent.items())],
    )


def _against(ours: list[Measured], theirs: list[Measured]) -> list[Row]:
    pairs = list(zip(ours, theirs, strict=True))
    rates = [one.rate / other.rate for one, other in pairs]
    cpu = [other.cpu_per_100k / one.cpu_per_100k for one, other in pairs]
    name = "the worker against Quix Streams"
    return [
        Row(name=name, unit="times", values=rates, mark=Mark(goal=2)),
        Row(name=f"{name}, by CPU time", unit="times", values=cpu),
    ]


async def _round(plan: Plan, number: int, found: dict[str, list[Measured]], *, peers: list[str]) -> None:
    async with deployed(plan.place, mode=TimeMode.STREAM) as made:
        start, span = stamped()
        filled = await made.fill(events(plan.events, accounts=ACCOUNTS, seed=number, start=start, span=span))
        contestants: dict[str, Contestant] = {WORKER: partial(worker, made, filled)}
        for name, module in OURS.items():
            contestants[name] = partial(_peer, plan, made, filled, module=module, python=Path(sys.executable))
        for name in peers:
            contestants[name] = partial(_peer, plan, made, filled, module=PEERS[name][0], python=PEERS_PYTHON)
        await round_of(contestants, number, found)


async def worker(made: Deployed, filled: int) -> Measured:
    """From the first commit to the last. Raises `ServerError` unless every event was counted once."""
    process = made.launch("worker", UNDER_TEST)
    first = await made.journal.until(1, patience=PATIENCE, alive=process.check)
    before = cpu_seconds(process.pid)
    last = await made.journal.until(filled, patience=PATIENCE, alive=process.check)
    spent = cpu_seconds(process.pid) - before
    outcomes = await process.figures("churn_scoring_events_total")
    if outcomes.get(("counted",)) != filled:
        raise ServerError(f"{filled} events were on the topic, counted were {outcomes}")
    made.stop()
    return Measured(last.done - first.done, last.moment - first.moment, spent)


async def _peer(plan: Plan, made: Deployed, filled: int, *, module: str, python: Path) -> Measured:
    folder = tempfile.mkdtemp(prefix="bench-")
    try:
        told = await child(
            plan.place,
            module,
            *words(bootstrap=made.deployment.bootstrap, topic=made.events_topic, count=filled, folder=folder),
            *words(signals=made.deployment.topics.signals),
            cores=UNDER_TEST,
            patience=PATIENCE,
            python=python,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Measured(told["events"], told["seconds"], told["cpu"])
