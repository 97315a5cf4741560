"""`python -m alerts serve|migrate|keys|routes|playbooks|tail`."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from alerts import app
from alerts.commands import playbooks, routes, tail
from alerts.errors import AlertsError
from alerts.settings import AlertsSettings
from common import logs, runtime
from common.commands import keys, migrate
from common.documents.findings import InvalidDocument


def main(argv: Sequence[str] | None = None) -> int:
    arguments = _parser().parse_args(argv)
    settings = AlertsSettings()
    try:
        match arguments.command:
            case "serve":
                logs.configure(settings.log_format, settings.log_level, service="alerts")
                return runtime.run(partial(app.replica, settings))
            case "migrate":
                return asyncio.run(migrate.run(database_url=settings.database_url, service="alerts"))
            case "keys":
                return asyncio.run(keys.run(arguments, database_url=settings.database_url, service="alerts"))
            case "routes":
                return asyncio.run(routes.run(arguments, settings))
            case "playbooks":
                return playbooks.run(arguments, settings)
            case "tail":
                return asyncio.run(tail.run(arguments, settings))
    except (AlertsError, InvalidDocument) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m alerts")
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("serve", help="record what scoring tells, decide who hears of it, tell them, answer questions")
    commands.add_parser("migrate", help="bring the database schema up to date")
    keys.add_parser(commands)
    routes.add_parser(commands)
    playbooks.add_parser(commands)
    tail.add_parser(commands)
    return parser


if __name__ == "__main__":
    sys.exit(main())
