"""`privacy hash ID`: prints a user's id as the services store it, to ask for an export by it."""

import argparse
import sys

from ingest.mapping.load import InvalidMapping, load_mapping
from ingest.privacy.pseudonyms import PrivacyKeyMissing, pseudonyms_for
from ingest.settings import IngestSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    actions = parser.add_subparsers(dest="action", required=True)
    hashing = actions.add_parser("hash", help="show a user's id as mapping.yml and INGEST_PRIVACY_KEY make it")
    hashing.add_argument("id", help="the user or anonymous id that a client sends")


def run(arguments: argparse.Namespace, settings: IngestSettings) -> int:
    """Prints the id itself if the mapping does not hash users. Returns the exit code."""
    try:
        rules = load_mapping(settings.ingest_mapping.read_text(encoding="utf-8"), str(settings.ingest_mapping))
        pseudonyms = pseudonyms_for(rules.privacy, settings.ingest_privacy_key, mapping=settings.ingest_mapping)
    except (InvalidMapping, OSError, PrivacyKeyMissing) as error:
        print(error, file=sys.stderr)
        return 1
    print(arguments.id if pseudonyms is None else pseudonyms.user(arguments.id))
    return 0
