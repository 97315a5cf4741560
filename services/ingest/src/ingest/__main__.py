"""`python -m ingest serve|events|import|mapping|away|dead|erasures|aliases|privacy|migrate|keys`.

Each command imports only what it needs.
"""

import asyncio
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from common.commands.command_line import Command, parse

if TYPE_CHECKING:
    import argparse

COMMANDS = {
    "serve": Command("answer POST /v1/events until told to stop"),
    "events": Command("check a file of events before it is posted", "ingest.commands.events"),
    "import": Command("send the rows of a CSV, JSON lines or Parquet file as history", "ingest.commands.import_file"),
    "mapping": Command("check mapping.yml, or try it on what an SDK sends", "ingest.commands.mapping"),
    "away": Command("tell scoring that the accounts of a country are closed", "ingest.commands.away"),
    "dead": Command("list, show and send again what was set aside", "ingest.commands.dead"),
    "erasures": Command("list and lift erasures of accounts and people", "ingest.commands.erasures"),
    "aliases": Command("show which accounts were merged, and take a merge back", "ingest.commands.aliases"),
    "privacy": Command("show a user's id as it is stored", "ingest.commands.privacy"),
    "migrate": Command("bring the database schema to its newest version"),
    "keys": Command("create, list and revoke API keys", "common.commands.keys"),
}


def main(words: Sequence[str]) -> int:
    arguments = parse("python -m ingest", COMMANDS, words)
    match arguments.command:
        # These need no settings, so they run on any machine.
        case "events":
            from ingest.commands import events

            return events.run(arguments)
        case "import":
            from ingest.commands import import_file

            return import_file.run(arguments)
        case "mapping":
            from ingest.commands import mapping

            return mapping.run(arguments)
        case "away":
            from ingest.commands import away

            return away.run(arguments)
        case _:
            return _run_with_settings(arguments)


def _run_with_settings(arguments: "argparse.Namespace") -> int:
    from common import logs
    from common.settings import LogLevel
    from ingest.settings import IngestSettings

    settings = IngestSettings()
    # What a command prints is not to stand between lines of the Kafka client.
    level = settings.log_level if arguments.command == "serve" else LogLevel.WARNING
    logs.configure(settings.log_format, level, service="ingest")
    match arguments.command:
        case "serve":
            from common import runtime
            from ingest.serve import application

            return runtime.run(lambda: application(settings))
        case "dead":
            from ingest.commands import dead

            return asyncio.run(dead.run(arguments, settings))
        case "erasures":
            from ingest.commands import erasures

            return asyncio.run(erasures.run(arguments, settings))
        case "aliases":
            from ingest.commands import aliases

            return asyncio.run(aliases.run(arguments, database_url=settings.database_url))
        case "privacy":
            from ingest.commands import privacy

            return privacy.run(arguments, settings)
        case "migrate":
            from common.commands import migrate

            return asyncio.run(migrate.run(database_url=settings.database_url, service="ingest"))
        case _:
            from common.commands import keys

            return asyncio.run(keys.run(arguments, database_url=settings.database_url, service="ingest"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
