"""`python -m common events check FILE`: commands that belong to no process, given by the members that are installed.

A member names its module in the entry points `churn_signals.commands`, so that this package imports no service.
"""

import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import entry_points

from common.commands.command_line import Command, parse

GROUP = "churn_signals.commands"


def main(words: Sequence[str]) -> int:
    """The exit code: 2 where no installed member gives a command."""
    commands = {found.name: found.module for found in entry_points(group=GROUP)}
    if not commands:
        print("python -m common: no member that gives commands is installed, such as services/ingest", file=sys.stderr)
        return 2
    arguments = parse(
        "python -m common", {name: Command(f"see {commands[name]}", commands[name]) for name in commands}, words
    )
    code: int = import_module(commands[arguments.command]).run(arguments)
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
