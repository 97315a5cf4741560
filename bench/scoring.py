"""Part a: events a second on one core, from the topic through the whole transaction, and what others do there."""

import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from msgspec.structs import replace

from bench.children import PEERS_PYTHON, child, missing, words
from bench.code import INTERPRETED, Code, not_compiled
from bench.cores import UNDER_TEST
from bench.lab import Deployed, deployed
from bench.plan import Plan, stamped, worker_name
from bench.results import Part
from bench.rounds import Contestant, Measured, round_of
from bench.scoring_rows import BARE, BYTEWAX, QUIX, core_name, rows, shares
from bench.usage import cpu_seconds
from bench.workload import CALM, MIXED, Profile, events
from common.topics import TimeMode
from local.stack.processes import ServerError

PATIENCE = 300.0
PEERS = {QUIX: ("bench.peers.quix_frame", "quixstreams"), BYTEWAX: ("bench.peers.bytewax_flow", "bytewax")}
NOTES = (
    "The worker goes through its whole transaction. It does more than the peers: it drops duplicates, fires timers, "
    "and writes states, receipts and signals to PostgreSQL, fenced. The peers get the same pure core, keep its "
    "accounts in their own stores, and do neither.",
    "Records carry times spread over two days, so that time passes between the events of an account, as it does.",
    "The consume alone (`getmany`, 500 at once) and the core alone (decode and apply, records read beforehand) bound "
    "what the worker could reach.",
)


async def run(plan: Plan) -> Part:
    found: dict[str, list[Measured]] = {}
    peers, notes = _peers(plan.codes.used)
    for number in range(plan.rounds):
        print(f"  round {number + 1} of {plan.rounds}", flush=True)
        await _mixed(plan, number, found, peers)
        await _calm(plan, number, found)
    sizes = f"{plan.events:,} events of {MIXED.accounts:,} accounts ({CALM.name}: {CALM.accounts:,})"
    former = plan.codes.former
    return Part(
        name="scoring",
        title="Scoring on one core",
        setting=f"{sizes} in 12 partitions, snappy, the default card",
        against=former.name if former else None,
        rounds=plan.rounds,
        rows=rows(found, plan.codes),
        notes=[*NOTES, *shares(found, plan.codes, events=plan.events * plan.rounds), *_forms(plan), *notes],
    )


def _peers(used: Code) -> tuple[dict[str, Code], list[str]]:
    """Those that can run, with the core that today's worker runs if their Python can load it; and what to say of it."""
    absent = {name: why for name, (_, package) in PEERS.items() if (why := missing(package)) is not None}
    notes = [f"{name} was left out: {why}." for name, why in absent.items()]
    code = replace(used, python=PEERS_PYTHON)
    present = [name for name in PEERS if name not in absent]
    if present and used.compiled is not None and (why := not_compiled(code)) is not None:
        code = replace(code, compiled=None)
        notes.append(f"The peers run the core interpreted: {why}.")
    return dict.fromkeys(present, code), notes


def _forms(plan: Plan) -> list[str]:
    codes, notes = plan.codes, []
    if codes.lacking is not None:
        notes.append(f"The compiled form was left out: {codes.lacking}.")
    if codes.former is not None:
        notes.append(
            f"{codes.former.name} is an earlier commit: its own worker and core, in its own environment, interpreted."
        )
        if codes.former.card.read_bytes() != codes.used.card.read_bytes():
            notes.append("Its default card is not today's: each side runs its own.")
    return notes


async def _mixed(plan: Plan, number: int, found: dict[str, list[Measured]], peers: dict[str, Code]) -> None:
    async with _filled(plan, number, MIXED) as topic:
        contestants: dict[str, Contestant] = {
            worker_name(code): partial(_worker, plan, topic, code) for code in plan.codes.all
        }
        contestants[BARE] = partial(_peer, plan, topic, INTERPRETED, "bench.peers.bare")
        contestants |= _cores(plan, topic, MIXED)
        for name, code in peers.items():
            contestants[name] = partial(_peer, plan, topic, code, PEERS[name][0])
        await round_of(contestants, number, found)


async def _calm(plan: Plan, number: int, found: dict[str, list[Measured]]) -> None:
    async with _filled(plan, number, CALM) as topic:
        await round_of(_cores(plan, topic, CALM), number, found)


def _cores(plan: Plan, topic: Deployed, profile: Profile) -> dict[str, Contestant]:
    return {core_name(code, profile): partial(_peer, plan, topic, code, "bench.peers.core") for code in plan.codes.all}


@asynccontextmanager
async def _filled(plan: Plan, number: int, profile: Profile) -> AsyncIterator[Deployed]:
    """Topics alone: each worker that reads them has a database of its own."""
    async with deployed(plan.place, code=plan.codes.used, mode=TimeMode.STREAM, services=()) as made:
        start, span = stamped()
        await made.fill(events(plan.events, profile, seed=number, start=start, span=span))
        yield made


async def _worker(plan: Plan, topic: Deployed, code: Code) -> Measured:
    """From the first commit to the last. Raises `ServerError` unless every event was counted once."""
    prefix = topic.deployment.prefix
    async with deployed(
        plan.place, code=code, mode=TimeMode.STREAM, services=("scoring",), prefix=prefix
    ) as made:  # fmt: skip
        process = made.launch("worker", UNDER_TEST)
        first = await made.journal.until(1, patience=PATIENCE, alive=process.check)
        before = cpu_seconds(process.pid)
        last = await made.journal.until(plan.events, patience=PATIENCE, alive=process.check)
        spent = cpu_seconds(process.pid) - before
        outcomes = await process.figures("churn_scoring_events_total")
    if outcomes.get(("counted",)) != plan.events:
        raise ServerError(f"{plan.events} events were on the topic, counted were {outcomes}")
    return Measured(last.done - first.done, last.moment - first.moment, spent)


async def _peer(plan: Plan, topic: Deployed, code: Code, module: str) -> Measured:
    folder = tempfile.mkdtemp(prefix="bench-")
    try:
        told = await child(
            plan.place,
            module,
            *words(bootstrap=topic.deployment.bootstrap, topic=topic.events_topic, count=plan.events, folder=folder),
            *words(signals=topic.deployment.topics.signals, card=code.card),
            cores=UNDER_TEST,
            patience=PATIENCE,
            code=code,
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    return Measured(told["events"], told["seconds"], told["cpu"], told["signals"])
