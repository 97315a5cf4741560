"""`asyncapi`: prints the AsyncAPI document of the topics (docs/asyncapi.json)."""

import argparse
from importlib.metadata import version

import msgspec

from common.asyncapi import document


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """It has none."""


def run(arguments: argparse.Namespace) -> int:
    """The exit code."""
    print(text(), end="")
    return 0


def text() -> str:
    """The document as it stands in docs/."""
    return msgspec.json.format(msgspec.json.encode(document(version("churn-signals-common"))), indent=2).decode() + "\n"
