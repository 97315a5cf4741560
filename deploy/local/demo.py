"""`python -m local.demo`: half a year of sixty customers in about a minute, then silence in real time."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from datetime import datetime

from common.bus.errors import Unavailable
from common.contracts.signals import Signal
from common.topics import TimeMode
from local import health, live, show, verdicts
from local.figures import Played
from local.interruption import ends_on_sigterm
from local.posting import PostingError
from local.processes import ServerError
from local.road import Stretch, attended, hearing, play, posting
from local.servers import CHECKOUT, Broker
from local.services import Keys, Services
from local.stories import DAYS
from local.temporary import Place, kept_logs, place
from local.terminal import Terminal
from local.verdicts import Truth
from local.world import World, build, moment

SEED = 7
CARD = CHECKOUT / "deploy" / "scorecard.yml"
LIVE_CARD = CHECKOUT / "deploy" / "examples" / "demo-live.yml"
PATIENCE = 300.0
SECONDS = 30.0


def demo(terminal: Terminal, *, world: World, broker: Broker, pace: float) -> None:
    """`pace` is seconds that a simulated day takes at least. Raises `ServerError` if a part did not work."""
    begun = time.monotonic()
    terminal.headline(f"Starting PostgreSQL, a Kafka broker ({broker}), ingest and scoring on this machine.")
    with place("demo", broker=broker) as somewhere:
        _half_a_year(somewhere, world, terminal, begun=begun, pace=pace)
        _real_time(somewhere, terminal)
    terminal.line()
    terminal.line("All of it has been ended and removed. `make up` starts a stack that stays.")


def _half_a_year(somewhere: Place, world: World, terminal: Terminal, *, begun: float, pace: float) -> None:
    with somewhere.deployed("demo", mode=TimeMode.STREAM, card=CARD) as (services, keys):
        terminal.line(f"Ready after {time.monotonic() - begun:.0f} s.")
        terminal.headline(
            f"{world.start:%B} to {world.end:%B %Y} of {len(world.customers)} customers goes in over HTTP; "
            "signals come as scoring tells them."
        )
        played = asyncio.run(_played(world, services, keys, terminal, pace=pace))
        listed = asyncio.run(health.read(services, keys))
    terminal.line(
        f"{played.posted:,} events were accepted in {played.posting:.0f} s, "
        f"and the last signal was told after {played.total:.0f} s."
    )
    if not verdicts.alarms_by_account(played.signals) or len(listed) != len(world.customers):
        raise ServerError(
            f"{len(played.signals)} signals and {len(listed)} accounts came of {len(world.customers)} customers"
        )
    _findings(world, played.signals, listed, terminal)


async def _played(world: World, services: Services, keys: Keys, terminal: Terminal, *, pace: float) -> Played:
    span = world.end - world.start

    def heard(signal: Signal) -> None:
        if not signal.history:
            terminal.line(show.signal_line(signal), show.signal_colour(signal))

    def progress(reached: datetime, posted: int) -> None:
        terminal.progress((reached - world.start) / span, f"{reached:%d %b %Y}  {posted:,} events posted")

    stretch = Stretch(world.backfill, world.lived, world.start, world.end)
    try:
        return await play(stretch, services, keys, heard=heard, progress=progress, patience=PATIENCE, pace=pace)
    finally:
        terminal.done()


def _findings(world: World, signals: Sequence[Signal], listed: Sequence[show.Listed], terminal: Terminal) -> None:
    truths = [_truth(world, number) for number in range(len(world.customers))]
    stories = {truth.account_id: truth.story + (" (left)" if truth.leaves else "") for truth in truths}
    judged = verdicts.verdicts(truths, verdicts.alarms_by_account(signals))
    terminal.headline("How every account reads on the last day, from scoring's API, the worst first.")
    for text in show.accounts(listed, stories):
        terminal.line(text)
    terminal.headline("What was caught: an alarm after the trouble began and before notice was given.")
    for text in show.stories(verdicts.by_story(judged)):
        terminal.line(text)
    for text in show.summary(judged, verdicts.false_alarms(judged)):
        terminal.line(text)


def _truth(world: World, number: int) -> Truth:
    customer = world.customers[number]
    plot = customer.plot
    return Truth(
        account_id=customer.account_id,
        name=customer.name,
        story=plot.story,
        trouble=None if plot.trouble is None else moment(world, plot.trouble),
        leaves=None if plot.leaves is None else moment(world, plot.leaves),
    )


def _real_time(somewhere: Place, terminal: Terminal) -> None:
    terminal.headline("Now in real time, with a card of seconds instead of weeks: silence is told without any event.")
    terminal.status("starting ingest and scoring on an empty database")
    with somewhere.deployed("live", mode=TimeMode.WALL, card=LIVE_CARD) as (services, keys):
        terminal.done()
        found = asyncio.run(_lived(services, keys, terminal))
    terminal.line(
        f"From POST to signal, payments failing on {found.probes} accounts, one at a time: "
        f"p50 {1000 * found.p50:.0f} ms, p99 {1000 * found.p99:.0f} ms."
    )


async def _lived(services: Services, keys: Keys, terminal: Terminal) -> live.Latency:
    async with (
        posting(services, keys) as poster,
        hearing(services, heard=lambda signal: None) as listener,
    ):
        return await attended(live.live(poster, listener, terminal), listener.run(), services.watch())


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    with ends_on_sigterm():
        try:
            world = build(arguments.seed, accounts=arguments.accounts)
            demo(Terminal(), world=world, broker=arguments.broker, pace=arguments.seconds / DAYS)
        except (ServerError, PostingError, Unavailable) as error:
            print(f"\n{error}\nLogs: {kept_logs('demo')}", file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            print("\nInterrupted; everything has been ended.", file=sys.stderr)
            return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m local.demo", description=__doc__)
    parser.add_argument(
        "--seed", type=int, default=int(os.environ.get("SEED") or SEED), help="another half year (SEED)"
    )
    parser.add_argument("--accounts", type=int, default=60)
    parser.add_argument(
        "--seconds", type=float, default=SECONDS, help="what the six months take at least; 0: as fast as it goes"
    )
    parser.add_argument(
        "--broker", type=Broker, choices=list(Broker), default=os.environ.get("BROKER") or Broker.EMBEDDED
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
