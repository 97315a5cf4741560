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
from local.demo.dataset import Dataset, build_dataset
from local.demo.real_time import MeasuredLatency, SilentAccount, run_real_time
from local.demo.report import print_report
from local.demo.scenarios import DAYS
from local.demo.serve import serve
from local.demo.session import DemoSession, demo_session
from local.demo.simulated_time import run_simulated
from local.replay.ingest_client import PostingError
from local.replay.playback import ingest_client, run_beside, signal_listener
from local.stack.deployment import Keys
from local.stack.processes import ServerError
from local.stack.servers import CHECKOUT, Broker
from local.stack.services import Services
from local.stack.sinks import SinkPorts
from local.stack.temporary import TemporaryStack, kept_logs, temporary_stack
from local.stack.termination import exit_on_sigterm
from local.terminal import Terminal
from scoring.health import FIRST_LOOK_SECONDS

SEED = 7
CARD = CHECKOUT / "deploy" / "scorecard.yml"
LIVE_CARD = CHECKOUT / "deploy" / "examples" / "demo-live.yml"
SECONDS = 30.0
# Shorter than the card of seconds needs to call an account quiet.
LIVE_FIRST_LOOK_SECONDS = 1


def demo(terminal: Terminal, *, dataset: Dataset, broker: Broker, pace: float, stays: bool = False) -> None:
    """`pace` is seconds that a simulated day takes at least; `stays`: until it is interrupted.

    Raises `ServerError` if a part did not work.
    """
    begun = time.monotonic()
    terminal.headline(f"Starting PostgreSQL, a Kafka broker ({broker}), ingest, scoring and alerts on this machine.")
    with terminal.never_silent(), temporary_stack("demo", broker=broker, say=terminal.status) as stack:
        simulated = stack.deployed(
            "demo",
            mode=TimeMode.STREAM,
            card=CARD,
            sink_ports=SinkPorts(),
            first_look_seconds=FIRST_LOOK_SECONDS,
            console=stays,
        )
        with simulated as (services, keys):
            terminal.done()
            terminal.line(f"Ready after {time.monotonic() - begun:.0f} s.")
            environment = stack.environment if stays else None
            asyncio.run(_simulated(dataset, services, keys, terminal, pace=pace, environment=environment))
            terminal.status("ending the services")
        if not stays:
            _real_time(stack, terminal)
    terminal.done()
    terminal.line()
    terminal.line("All of it has been ended and removed. `make up` starts a stack that stays.")


async def _simulated(
    dataset: Dataset, services: Services, keys: Keys, terminal: Terminal, *, pace: float, environment: Path | None
) -> None:
    """Stays until Ctrl-C if there is an `environment`: the file that says how to find it."""

    async def live(session: DemoSession) -> None:
        terminal.headline(
            f"{dataset.start:%B} to {dataset.end:%B %Y} of {len(dataset.customers)} customers goes in over HTTP; "
            "messages come out as alerts sends them."
        )
        found = await run_simulated(dataset, session, terminal, pace=pace)
        terminal.line(
            f"{found.played.posted:,} events were accepted in {found.played.posting:.0f} s, "
            f"and the last message had come after {found.total:.0f} s."
        )
        print_report(dataset, found, session.recipients, terminal)
        if environment is not None:
            await serve(dataset, found, session, terminal, environment=environment)

    async with demo_session(services, keys) as session:
        await run_beside(live(session), session.sinks.run(), services.watch())


def _real_time(stack: TemporaryStack, terminal: Terminal) -> None:
    terminal.headline("Now in real time, with a card of seconds instead of weeks: silence is told without any event.")
    live = stack.deployed(
        "live", mode=TimeMode.WALL, card=LIVE_CARD, sink_ports=SinkPorts(), first_look_seconds=LIVE_FIRST_LOOK_SECONDS
    )
    with live as (services, keys):
        terminal.status("connecting to Kafka, to read signals as they come")
        found = asyncio.run(_lived(services, keys, terminal))
    terminal.line()
    terminal.line(f"Payments failing on {found.signal.probes} accounts, one at a time, timed from sending the POST:")
    terminal.line(f"  to the signal in Kafka     {found.signal}")
    terminal.line(f"  to the message in Slack    {found.message}")


async def _lived(services: Services, keys: Keys, terminal: Terminal) -> MeasuredLatency:
    async with demo_session(services, keys) as session:
        silence = SilentAccount(session, terminal)
        async with ingest_client(services, keys) as ingest, signal_listener(services, heard=silence.heard) as listener:
            work = run_real_time(ingest, listener, session, terminal, silence=silence)
            return await run_beside(work, listener.run(), session.sinks.run(), services.watch())


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    with exit_on_sigterm():
        try:
            dataset = build_dataset(arguments.seed, accounts=arguments.accounts)
            pace = arguments.seconds / DAYS
            demo(Terminal(), dataset=dataset, broker=arguments.broker, pace=pace, stays=arguments.serve)
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
