"""`playbooks check|schema`: is playbooks.yml sound, and the format for editors."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from alerts.playbooks.grammar import PlaybooksFile
from alerts.playbooks.load import check_playbooks
from alerts.playbooks.playbooks import Playbooks
from alerts.settings import AlertsSettings
from common.documents.json_schema import schema_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="exit 1 and say where, if the playbooks are not sound")
    check.add_argument("file", type=Path, nargs="?", metavar="FILE", help="default: ALERTS_PLAYBOOKS")
    actions.add_parser("schema", help="print the JSON Schema (deploy/playbooks.schema.json)")


def run(arguments: argparse.Namespace, settings: AlertsSettings) -> int:
    """The exit code."""
    if arguments.action == "schema":
        print(schema_text(PlaybooksFile, "Playbooks"), end="")
        return 0
    file = arguments.file or settings.alerts_playbooks
    try:
        checked = check_playbooks(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        print(f"{file}: cannot be read: {error}", file=sys.stderr)
        return 1
    print(checked.report(str(file), _summary))
    return 0 if checked.content else 1


def _summary(playbooks: Playbooks) -> Iterator[str]:
    names = sum(len(names) for names in playbooks.names.values())
    yield f"{len(playbooks.next_steps)} playbooks, {names} names"
