"""The command line of a service: the module of a command is imported only when that command is given."""

import argparse
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import NamedTuple


class Command(NamedTuple):
    """`module` has a function `add_arguments(parser)`; None for a command without arguments."""

    help: str
    module: str | None = None


def parse(program: str, commands: Mapping[str, Command], words: Sequence[str]) -> argparse.Namespace:
    """The parsed words, with the name of the command as `command`.

    Raises `SystemExit` for `--help` and for what is not valid, as argparse does.
    """
    parser = argparse.ArgumentParser(prog=program)
    choices = parser.add_subparsers(dest="command", required=True)
    for name, command in commands.items():
        chosen = choices.add_parser(name, help=command.help)
        # The modules of the other commands would only cost the time of importing them.
        if command.module is not None and [name] == list(words[:1]):
            import_module(command.module).add_arguments(chosen)
    return parser.parse_args(words)
