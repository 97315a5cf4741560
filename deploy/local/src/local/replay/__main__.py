"""`python -m local.replay`: recorded course data through the whole system, in stream mode, and what came of it."""

import argparse
import asyncio
import os
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path

from common.bus.errors import BusUnavailable
from common.contracts.signals import Signal
from common.topics import TimeMode
from local.replay import course_data
from local.replay.course_data import CourseData
from local.replay.evaluation import alarms_by_account, evaluate
from local.replay.ingest_client import PostingError
from local.replay.playback import PlaybackResult, Timeline, play
from local.replay.report import report_lines
from local.stack.deployment import Keys
from local.stack.processes import ServerError
from local.stack.servers import CHECKOUT, Broker
from local.stack.services import Services
from local.stack.temporary import kept_logs, temporary_stack
from local.stack.termination import exit_on_sigterm
from local.terminal import Terminal
from scoring.backtest.errors import InvalidRecording
from scoring.backtest.recordings.course_files import COLUMNS
from scoring.health import FIRST_LOOK_SECONDS

CARD = CHECKOUT / "deploy" / "examples" / "oulad.yml"
LEFT_FROM_DAY = 14
LEAD = timedelta(days=14)
PATIENCE = 1800.0


def replay(data: CourseData, terminal: Terminal, *, card: Path, broker: Broker) -> None:
    terminal.headline(f"Starting PostgreSQL, a Kafka broker ({broker}), ingest and scoring on this machine.")
    with (
        terminal.never_silent(),
        temporary_stack("replay", broker=broker, say=terminal.status) as stack,
        stack.deployed("replay", mode=TimeMode.STREAM, card=card, first_look_seconds=FIRST_LOOK_SECONDS) as made,
    ):
        services, keys = made
        terminal.headline(f"{len(data.events):,} events go in over HTTP, in the order of their days.")
        played = asyncio.run(_played(data, services, keys, terminal))
    terminal.done()
    lifetimes = data.lifetimes()
    found = evaluate(
        lifetimes,
        played.signals,
        alarms_by_account(played.signals),
        left_from=data.course.moment(LEFT_FROM_DAY),
        lead=LEAD,
    )
    terminal.headline("What came of it; an alarm is worse news: a band to yellow or red, a flag, a missed step.")
    for text in report_lines(found, played, accounts=len(lifetimes), first_day=LEFT_FROM_DAY, lead=LEAD):
        terminal.line(text)


async def _played(data: CourseData, services: Services, keys: Keys, terminal: Terminal) -> PlaybackResult:
    span = data.end - data.opens
    told = 0

    def heard(signal: Signal) -> None:
        nonlocal told
        told += 1

    def progress(reached: datetime, posted: int) -> None:
        text = f"{reached:%d %b %Y}  {posted:,} events posted, {told} signals"
        terminal.progress((reached - data.opens) / span, text)

    timeline = Timeline((), data.events, data.opens, data.end)
    try:
        return await play(timeline, services, keys, heard=heard, progress=progress, patience=PATIENCE)
    finally:
        terminal.done()


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    with exit_on_sigterm():
        try:
            print(f"Reading {arguments.events}.", flush=True)
            data = course_data.read(arguments.events, arguments.outcomes, arguments.deadlines)
            replay(data, Terminal(), card=arguments.card.resolve(), broker=arguments.broker)
        except (InvalidRecording, OSError) as error:
            print(f"cannot read the data: {error}", file=sys.stderr)
            return 2
        except (ServerError, PostingError, BusUnavailable) as error:
            print(f"\n{error}\nLogs: {kept_logs('replay')}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\nInterrupted; everything has been ended.", file=sys.stderr)
            return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m local.replay",
        description=f"{__doc__}\n\nFiles are CSV, gzipped or not. Columns:\n{COLUMNS}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name in ("events", "outcomes", "deadlines"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--card", type=Path, default=CARD)
    parser.add_argument(
        "--broker", type=Broker, choices=list(Broker), default=os.environ.get("BROKER") or Broker.EMBEDDED
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
