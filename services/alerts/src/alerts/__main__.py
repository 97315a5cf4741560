"""`python -m alerts serve|migrate|keys|routes|playbooks|resend|tail`. Each command imports only what it needs."""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from common.commands.command_line import Command, parse
from common.errors import WorkerError

COMMANDS = {
    "serve": Command("record what scoring tells, decide who hears of it, tell them, answer questions"),
    "migrate": Command("bring the database schema up to date"),
    "keys": Command("create, list and revoke API keys", "common.commands.keys"),
    "routes": Command("check the routes, or ask them who would be told", "alerts.commands.routes"),
    "playbooks": Command("check the playbooks", "alerts.commands.playbooks"),
    "resend": Command("send failed messages again", "alerts.commands.resend"),
    "tail": Command(
        "print every signal from the beginning of the topic, each once, then follow", "alerts.commands.tail"
    ),
}


def main(words: Sequence[str]) -> int:
    arguments = parse("python -m alerts", COMMANDS, words)

    from alerts.settings import AlertsSettings
    from common.documents.findings import InvalidDocument

    settings = AlertsSettings()
    try:
        match arguments.command:
            case "serve":
                from alerts import app
                from common import logs, runtime

                logs.configure(settings.log_format, settings.log_level, service="alerts")
                return runtime.run(partial(app.replica, settings))
            case "migrate":
                from common.commands import migrate

                return asyncio.run(migrate.run(database_url=settings.database_url, service="alerts"))
            case "keys":
                from common.commands import keys

                return asyncio.run(keys.run(arguments, database_url=settings.database_url, service="alerts"))
            case "routes":
                from alerts.commands import routes

                return asyncio.run(routes.run(arguments, settings))
            case "playbooks":
                from alerts.commands import playbooks

                return playbooks.run(arguments, settings)
            case "resend":
                from alerts.commands import resend

                return asyncio.run(resend.run(arguments, settings))
            case "tail":
                from alerts.commands import tail

                return asyncio.run(tail.run(arguments, settings))
    except (WorkerError, InvalidDocument) as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
