"""`python -m scoring worker|api|migrate|keys|card|log`. The worker and the read API import only what they need."""

import argparse
import asyncio
import sys
from functools import partial

from common import logs, runtime
from common.commands import keys, migrate
from scoring.cards.errors import InvalidCard
from scoring.commands import card, log
from scoring.errors import ScoringError
from scoring.settings import ScoringSettings


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m scoring")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("worker", help="score what arrives on the events topic")
    commands.add_parser("api", help="answer questions about health, signals and receipts")
    commands.add_parser("migrate", help="bring the database schema up to date")
    keys.add_parser(commands)
    card.add(commands)
    log.add_parser(commands)
    arguments = parser.parse_args()
    if arguments.command == "card":
        return card.run(arguments)
    settings = ScoringSettings()
    logs.configure(settings.log_format, settings.log_level, service="scoring")
    try:
        match arguments.command:
            case "worker":
                from scoring import app

                return runtime.run(partial(app.worker, settings))
            case "api":
                from scoring.api.app import api

                return runtime.run(partial(api, settings))
            case "migrate":
                return asyncio.run(migrate.run(database_url=settings.database_url, service="scoring"))
            case "keys":
                return asyncio.run(keys.run(arguments, database_url=settings.database_url, service="scoring"))
            case "log":
                return asyncio.run(log.run(arguments, settings))
    except (ScoringError, InvalidCard) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
