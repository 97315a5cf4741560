"""`python -m bench`: measures, writes down what was found, and makes the report. See README.md beside this file."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime

import uvloop
from msgspec.structs import replace

from bench import (
    account_page,
    console,
    cores,
    dedupe,
    ingest,
    kpis,
    latency,
    memory,
    pages,
    report,
    scale,
    scoring,
    silence,
    soak,
)
from bench.against import checked_out
from bench.code import codes
from bench.plan import Plan
from bench.results import Part, save
from local.stack.processes import ServerError
from local.stack.servers import Broker
from local.stack.temporary import temporary_stack
from local.stack.termination import exit_on_sigterm

Run = Callable[[Plan], Awaitable[Part]]
PARTS: dict[str, tuple[str, Run]] = {
    "scoring": ("Scoring on one core", scoring.run),
    "ingest": ("Ingest, acknowledged, on one core", ingest.run),
    "latency": ("From an accepted event to Slack", latency.run),
    "silence": ("A million silent accounts", silence.run),
    "dedupe": ("Ten million ids, and a worker killed", dedupe.run),
    "scale": ("More workers, and what a state weighs", scale.run),
    "pages": ("A page of the list", pages.run),
    "console": ("The console's portfolio", console.run),
    "kpis": ("KPIs of two years", kpis.run),
    "account": ("The console's page about an account", account_page.run),
    "memory": ("A bound on the memory for accounts", memory.run),
    "soak": ("Soak at half load", soak.run),
}


def main(argv: Sequence[str] | None = None) -> int:
    asked = _asked(argv)
    names = list(PARTS) if asked.only is None else asked.only.split(",")
    if unknown := [name for name in names if name not in PARTS]:
        print(f"there is no part {', '.join(unknown)}; there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    try:
        cores.check()
        failed = _measured(asked, names)
    except ServerError as error:
        print(error, file=sys.stderr)
        return 1
    print(report.write(list(PARTS)))
    return 1 if failed else 0


def _measured(asked: argparse.Namespace, names: Sequence[str]) -> list[str]:
    """The parts that failed. All servers and whatever is not under test stay on the cores beside the one that is."""
    os.sched_setaffinity(0, cores.BESIDE)
    failed = []
    with (
        exit_on_sigterm(),
        checked_out(asked.against) as former,
        temporary_stack("bench", broker=Broker.KAFKA) as made,
    ):
        plan = Plan(place=made, codes=codes(former), rounds=asked.rounds, events=asked.events, minutes=asked.minutes)
        for name in names:
            title, run = PARTS[name]
            part = taken(name, title, run, plan)
            save(part)
            if part.failure is not None:
                failed.append(name)
    return failed


def taken(name: str, title: str, run: Run, plan: Plan) -> Part:
    """What the part found, or why it found nothing."""
    print(f"{name}: {title}", flush=True)
    begun, moment = time.monotonic(), datetime.now(UTC)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            part = runner.run(_awaited(run(plan)))
    except Exception as error:  # whatever it is: the other parts go on, and the report says so
        print(f"  FAILED: {type(error).__name__}: {error}", file=sys.stderr, flush=True)
        part = Part(name=name, title=title, failure=f"{type(error).__name__}: {error}".splitlines()[0])
    return replace(part, taken=f"{moment:%Y-%m-%d %H:%M} UTC", seconds=time.monotonic() - begun)


async def _awaited(part: Awaitable[Part]) -> Part:
    return await part


def _asked(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", help=f"parts, with commas: {', '.join(PARTS)}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--events", type=int, default=300_000, help="on the scoring topic of each round")
    parser.add_argument("--against", metavar="COMMIT", help="measured beside today's code: scoring and latency")
    parser.add_argument("--minutes", type=float, default=3.0, help="of the soak")
    return parser.parse_args(argv)


if __name__ == "__main__":
    sys.exit(main())
