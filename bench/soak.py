"""Part g: everything at half load for a while. Memory has to stay flat, nothing may lag, nothing may fail."""

import asyncio
import time
from collections.abc import Sequence
from math import isfinite

from msgspec import Struct

from bench.cores import UNDER_TEST
from bench.lab import deployed
from bench.mixed_load import posted
from bench.plan import Plan, scoring_rate
from bench.results import Mark, Part, Row
from bench.series import slope, spread
from bench.started import Started
from bench.usage import MEGABYTE, cpu_seconds, resident
from common.topics import TimeMode
from local.fakes.slack_sink import SlackSink
from local.stack.processes import ServerError
from local.stack.sinks import SinkPorts

EVERY = 2.0
HALF = 0.5
MOST = 5_000.0  # events a second: what the load, Kafka and PostgreSQL can do beside on one core
SETTLED = 0.5  # the part of the soak after which growth counts
DRAIN = 30.0
LATE = 5.0  # seconds of lag that are not a hiccup
NAMES = ("ingest", "worker", "alerts")
ID = 19.0  # bytes that the worker keeps for an event's id, as the dedupe part measures them
SHOWN, LONGEST = 3, 300  # of error lines, and characters of each
LOUD = ('"level":"error"', '"level": "error"', '"level":"critical"', '"level": "critical"')


class Sample(Struct, frozen=True):
    moment: float
    memory: dict[str, float]  # MB of each process
    cpu: dict[str, float]  # seconds of each process so far
    lag: float  # seconds, of the partition that is furthest behind


async def run(plan: Plan) -> Part:
    rate = min(MOST, round(HALF * scoring_rate(plan.codes.used), -2))
    seconds = plan.minutes * 60
    sink_ports = SinkPorts()
    async with (
        SlackSink(port=sink_ports.slack),
        deployed(plan.place, code=plan.codes.used, mode=TimeMode.WALL, sink_ports=sink_ports) as made,
    ):
        processes = await asyncio.gather(*(made.start(name, UNDER_TEST) for name in NAMES))
        worker = processes[NAMES.index("worker")]
        await _first_polled(worker)
        load = asyncio.create_task(posted(plan.place, processes[0].url, made.key, rate=rate, seconds=seconds))
        samples = await _sampled(processes, load)
        events = await load
        await _drained(worker, events)
        errors = [f"{one.name}: {line}" for one in processes for line in _errors(one)]
        last = await _lag(worker)
    return Part(
        name="soak",
        title="Soak at half load",
        setting=f"{rate:,.0f} events a second for {plan.minutes:g} minutes, {events:,} in all",
        rounds=1,
        rows=[*_used(samples), _beyond_ids(samples, rate), *_rest(samples, last=last, errors=len(errors))],
        notes=[
            "Ingest, the worker and alerts share one core. Half load is half of what the scoring part last measured, "
            f"at most {MOST:,.0f} events a second. Every event was answered 202 and counted once.",
            "Growth is the slope over the second half. The worker remembers the ids of 25 hours (19 bytes each), so "
            "in its first day it grows by what it remembers.",
            *(f"An error line: `{line}`" for line in errors[:SHOWN]),
        ],
    )


async def _sampled(processes: Sequence[Started], load: asyncio.Task[int]) -> list[Sample]:
    samples = []
    worker = processes[NAMES.index("worker")]
    while not load.done():
        for one in processes:
            one.check()
        memory = {one.name: resident(one.pid) for one in processes}
        cpu = {one.name: cpu_seconds(one.pid) for one in processes}
        samples.append(Sample(time.monotonic(), memory, cpu, await _lag(worker)))
        await asyncio.wait([load], timeout=EVERY)
    return samples


async def _first_polled(worker: Started) -> None:
    """Until then nobody knows how far behind it is: the lag is infinite."""
    async with asyncio.timeout(60):
        while not isfinite(await _lag(worker)):  # noqa: ASYNC110 - another process tells nothing by itself
            await asyncio.sleep(0.1)


async def _lag(worker: Started) -> float:
    return max((await worker.figures("churn_scoring_lag_seconds")).values(), default=0.0)


async def _drained(worker: Started, events: int) -> None:
    """Until every event that was accepted is counted. Raises `ServerError` if one is not, or twice."""
    deadline = time.monotonic() + DRAIN
    while (outcomes := await worker.figures("churn_scoring_events_total")).get(("counted",)) != events:
        if time.monotonic() > deadline:
            raise ServerError(f"{events} events were accepted, counted were {outcomes}")
        await asyncio.sleep(0.2)


def _errors(one: Started) -> list[str]:
    lines = one.process.log.open(errors="replace")
    return [line.strip()[:LONGEST] for line in lines if any(word in line for word in LOUD)]


def _used(samples: Sequence[Sample]) -> list[Row]:
    length = samples[-1].moment - samples[0].moment
    rows = []
    for name in NAMES:
        values = [one.memory[name] for one in samples]
        spent = samples[-1].cpu[name] - samples[0].cpu[name]
        rows += [
            Row(name=f"{name}: memory at the start", unit="MB", values=values[:1]),
            Row(name=f"{name}: memory at the end", unit="MB", values=values[-1:]),
            Row(name=f"{name}: growth", unit="MB/hour", values=[_growth(samples, name)]),
            Row(name=f"{name}: CPU", unit="% of a core", values=[100 * spent / length]),
        ]
    return rows


def _beyond_ids(samples: Sequence[Sample], rate: float) -> Row:
    """What the worker grew by, but for the ids that it has to remember."""
    remembered = rate * 3600 * ID / MEGABYTE
    return Row(name="worker: growth but for ids", unit="MB/hour", values=[_growth(samples, "worker") - remembered])


def _growth(samples: Sequence[Sample], name: str) -> float:
    """MB an hour over the second half."""
    late = samples[round(len(samples) * SETTLED) :]
    return slope([one.moment / 3600 for one in late], [one.memory[name] for one in late])


def _rest(samples: Sequence[Sample], *, last: float, errors: int) -> list[Row]:
    none = Mark(goal=0, at_most=True)
    lags = spread([one.lag for one in samples])
    return [
        Row(name="lag, median", unit="s", values=[lags.median]),
        Row(name="lag, longest", unit="s", values=[lags.high], mark=Mark(goal=LATE, at_most=True)),
        Row(name="lag at the end", unit="s", values=[last], mark=none),
        Row(name="error lines in the logs", unit="", values=[float(errors)], mark=none),
    ]
