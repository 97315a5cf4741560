"""`python -m local.replay`: real data through the whole road, in stream mode, and what came of it."""

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
from local import coursework, show
from local.coursework import Coursework
from local.figures import Played, figures
from local.interruption import ends_on_sigterm
from local.posting import PostingError
from local.processes import ServerError
from local.road import Stretch, play
from local.servers import CHECKOUT, Broker
from local.services import Keys, Services
from local.temporary import kept_logs, place
from local.terminal import Terminal
from local.verdicts import alarms_by_account

CARD = CHECKOUT / "deploy" / "examples" / "oulad.yml"
LEFT_FROM_DAY = 14
LEAD = timedelta(days=14)
PATIENCE = 1800.0


def replay(work: Coursework, terminal: Terminal, *, card: Path, broker: Broker) -> None:
    terminal.headline(f"Starting PostgreSQL, a Kafka broker ({broker}), ingest and scoring on this machine.")
    with (
        place("replay", broker=broker) as somewhere,
        somewhere.deployed("replay", mode=TimeMode.STREAM, card=card) as (services, keys),
    ):
        terminal.headline(f"{len(work.happenings):,} events go in over HTTP, in the order of their days.")
        played = asyncio.run(_played(work, services, keys, terminal))
    lives = work.lives()
    found = figures(
        lives,
        played.signals,
        alarms_by_account(played.signals),
        left_from=work.moment(LEFT_FROM_DAY),
        lead=LEAD,
    )
    terminal.headline("What came of it; an alarm is worse news: a band to yellow or red, a flag, a missed step.")
    for text in show.figures(found, played, accounts=len(lives), first_day=LEFT_FROM_DAY, lead=LEAD):
        terminal.line(text)


async def _played(work: Coursework, services: Services, keys: Keys, terminal: Terminal) -> Played:
    span = work.end - work.opens
    told = 0

    def heard(signal: Signal) -> None:
        nonlocal told
        told += 1

    def progress(reached: datetime, posted: int) -> None:
        text = f"{reached:%d %b %Y}  {posted:,} events posted, {told} signals"
        terminal.progress((reached - work.opens) / span, text)

    stretch = Stretch((), work.happenings, work.opens, work.end)
    try:
        return await play(stretch, services, keys, heard=heard, progress=progress, patience=PATIENCE)
    finally:
        terminal.done()


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    with ends_on_sigterm():
        try:
            work = coursework.read(arguments.events, arguments.outcomes, arguments.deadlines)
            replay(work, Terminal(), card=arguments.card.resolve(), broker=arguments.broker)
        except (coursework.Unreadable, OSError) as error:
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
        description=f"{__doc__}\n\nFiles are CSV, gzipped if they end in .gz. Columns:\n{coursework.COLUMNS}",
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
