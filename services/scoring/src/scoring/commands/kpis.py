"""`python -m scoring kpis page`: prints the definitions of all KPIs."""

import argparse

from scoring.kpis.page import page


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    actions.add_parser("page", help="print docs/kpis.md")


def run(_arguments: argparse.Namespace) -> int:
    """The exit code."""
    print(page(), end="")
    return 0
