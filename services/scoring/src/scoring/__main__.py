"""`python -m scoring worker|api|migrate|keys|card|kpis|log|backtest`. Each command imports only what it needs."""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from common.commands.command_line import Command, parse
from common.errors import WorkerError

COMMANDS = {
    "worker": Command("score what arrives on the events topic"),
    "api": Command("answer questions about health, signals and receipts"),
    "migrate": Command("bring the database schema up to date"),
    "keys": Command("create, list and revoke API keys", "common.commands.keys"),
    "card": Command("check a scorecard, or print the format's JSON Schema", "scoring.commands.card"),
    "kpis": Command("print the definitions of all KPIs", "scoring.commands.kpis"),
    "backtest": Command("what a scorecard would have signalled, and what that was worth", "scoring.commands.backtest"),
    "log": Command("compare the journal with the log, or take another log for it", "scoring.commands.log"),
}


def main(words: Sequence[str]) -> int:
    arguments = parse("python -m scoring", COMMANDS, words)
    if arguments.command == "card":
        from scoring.commands import card

        return card.run(arguments)
    if arguments.command == "kpis":
        from scoring.commands import kpis

        return kpis.run(arguments)
    if arguments.command == "backtest":
        from scoring.commands import backtest

        return backtest.run(arguments)

    from common import logs, runtime
    from common.settings import LogLevel
    from scoring.cards.errors import InvalidCard
    from scoring.settings import ScoringSettings

    settings = ScoringSettings()
    # What a command prints is not to stand between lines of the Kafka client.
    level = settings.log_level if arguments.command in ("worker", "api") else LogLevel.WARNING
    logs.configure(settings.log_format, level, service="scoring")
    try:
        match arguments.command:
            case "worker":
                from scoring import app

                return runtime.run(partial(app.worker, settings))
            case "api":
                from scoring.api.app import api

                return runtime.run(partial(api, settings))
            case "migrate":
                from common.commands import migrate

                return asyncio.run(migrate.run(database_url=settings.database_url, service="scoring"))
            case "keys":
                from common.commands import keys

                return asyncio.run(keys.run(arguments, database_url=settings.database_url, service="scoring"))
            case "log":
                from scoring.commands import log

                return asyncio.run(log.run(arguments, settings))
    except (WorkerError, InvalidCard) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
