"""`python -m ingest serve | migrate | keys ...`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence

from common import logs, runtime
from common.commands import keys, migrate
from ingest.serve import application
from ingest.settings import IngestSettings


def main(words: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m ingest", description="Takes events over HTTP.")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="answer POST /v1/events until told to stop")
    commands.add_parser("migrate", help="bring the database schema to its newest version")
    keys.add_parser(commands)
    arguments = parser.parse_args(words)

    settings = IngestSettings()
    logs.configure(settings.log_format, settings.log_level, service="ingest")
    if arguments.command == "serve":
        return runtime.run(lambda: application(settings))
    if arguments.command == "migrate":
        return asyncio.run(migrate.run(database_url=settings.database_url, service="ingest"))
    return asyncio.run(keys.run(arguments, database_url=settings.database_url, service="ingest"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
