"""`python -m local.stack up|down|status`: the whole system on this machine, as processes that stay."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from local.stack import commands
from local.stack.directory import StackDirectory
from local.stack.processes import ServerError
from local.stack.servers import CHECKOUT, LOCAL, Broker
from local.stack.supervisor import supervise
from local.stack.termination import exit_on_sigterm
from local.terminal import Terminal

CARD = CHECKOUT / "deploy" / "scorecard.yml"


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m local.stack", description=__doc__)
    parser.add_argument("command", choices=("up", "down", "status", "supervise"))
    parser.add_argument(
        "--broker", type=Broker, choices=list(Broker), default=os.environ.get("BROKER") or Broker.EMBEDDED
    )
    parser.add_argument("--directory", type=Path, default=LOCAL, help="where the stack keeps what it writes")
    arguments = parser.parse_args(argv)
    directory, terminal = StackDirectory(arguments.directory), Terminal()
    if arguments.command == "supervise":
        supervise(directory)
        return 0
    with exit_on_sigterm():
        try:
            if arguments.command == "up":
                return commands.up(directory, broker=arguments.broker, card=CARD, terminal=terminal)
            if arguments.command == "down":
                return commands.down(directory, terminal)
            return commands.status(directory, terminal)
        except ServerError as error:
            print(error, file=sys.stderr)
            return 1
        except KeyboardInterrupt:
            return 130


if __name__ == "__main__":
    sys.exit(main())
