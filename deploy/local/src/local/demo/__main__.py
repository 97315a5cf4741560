"""`python -m local.demo`: half a year of sixty customers in about a minute, then silence in real time."""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from common.bus.errors import BusUnavailable
from common.topics import TimeMode
from local.findings import findings
from local.halfyear import half_a_year
from local.interruption import ends_on_sigterm
from local.live import Measured, Silence, live
from local.outlets import Outlets
from local.posting import PostingError
from local.processes import ServerError
from local.road import attended, hearing, posting
from local.scene import Scene, scene
from local.servers import CHECKOUT, Broker
from local.services import Keys, Services
from local.serving import serve
from local.stories import DAYS
from local.temporary import Place, kept_logs, place
from local.terminal import Terminal
from local.world import World, build

SEED = 7
CARD = CHECKOUT / "deploy" / "scorecard.yml"
LIVE_CARD = CHECKOUT / "deploy" / "examples" / "demo-live.yml"
SECONDS = 30.0


def demo(terminal: Terminal, *, world: World, broker: Broker, pace: float, stays: bool = False) -> None:
    """`pace` is seconds that a simulated day takes at least; `stays`: until it is interrupted.

    Raises `ServerError` if a part did not work.
    """
    begun = time.monotonic()
    terminal.headline(f"Starting PostgreSQL, a Kafka broker ({broker}), ingest, scoring and alerts on this machine.")
    with place("demo", broker=broker) as somewhere:
        with somewhere.deployed("demo", mode=TimeMode.STREAM, card=CARD, outlets=Outlets()) as (services, keys):
            terminal.line(f"Ready after {time.monotonic() - begun:.0f} s.")
            environment = somewhere.environment if stays else None
            asyncio.run(_simulated(world, services, keys, terminal, pace=pace, environment=environment))
        if not stays:
            _real_time(somewhere, terminal)
    terminal.line()
    terminal.line("All of it has been ended and removed. `make up` starts a stack that stays.")


async def _simulated(
    world: World, services: Services, keys: Keys, terminal: Terminal, *, pace: float, environment: Path | None
) -> None:
    """Stays until Ctrl-C if there is an `environment`: the file that says how to find it."""

    async def lived(on: Scene) -> None:
        terminal.headline(
            f"{world.start:%B} to {world.end:%B %Y} of {len(world.customers)} customers goes in over HTTP; "
            "messages come out as alerts sends them."
        )
        found = await half_a_year(world, on, terminal, pace=pace)
        terminal.line(
            f"{found.played.posted:,} events were accepted in {found.played.posting:.0f} s, "
            f"and the last message had come after {found.total:.0f} s."
        )
        findings(world, found, on.readers, terminal)
        if environment is not None:
            await serve(world, found, on, terminal, environment=environment)

    async with scene(services, keys) as on:
        await attended(lived(on), on.sinks.run(), services.watch())


def _real_time(somewhere: Place, terminal: Terminal) -> None:
    terminal.headline("Now in real time, with a card of seconds instead of weeks: silence is told without any event.")
    terminal.status("starting the services on an empty database")
    with somewhere.deployed("live", mode=TimeMode.WALL, card=LIVE_CARD, outlets=Outlets()) as (services, keys):
        terminal.done()
        found = asyncio.run(_lived(services, keys, terminal))
    terminal.line()
    terminal.line(f"Payments failing on {found.signal.probes} accounts, one at a time, timed from sending the POST:")
    terminal.line(f"  to the signal in Kafka     {found.signal}")
    terminal.line(f"  to the message in Slack    {found.message}")


async def _lived(services: Services, keys: Keys, terminal: Terminal) -> Measured:
    async with scene(services, keys) as on:
        silence = Silence(on, terminal)
        async with posting(services, keys) as poster, hearing(services, heard=silence.heard) as listener:
            work = live(poster, listener, on, terminal, silence=silence)
            return await attended(work, listener.run(), on.sinks.run(), services.watch())


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    with ends_on_sigterm():
        try:
            world = build(arguments.seed, accounts=arguments.accounts)
            pace = arguments.seconds / DAYS
            demo(Terminal(), world=world, broker=arguments.broker, pace=pace, stays=arguments.serve)
        except (ServerError, PostingError, BusUnavailable) as error:
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
        "--serve", action="store_true", help="stay up after the half year, to be asked; without the real time part"
    )
    parser.add_argument(
        "--broker", type=Broker, choices=list(Broker), default=os.environ.get("BROKER") or Broker.EMBEDDED
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
