"""`python -m console serve|migrate|users`. Each command imports only what it needs."""

import asyncio
import sys
from collections.abc import Sequence
from functools import partial

from common.commands.command_line import Command, parse
from common.errors import WorkerError

COMMANDS = {
    "serve": Command("serve the pages"),
    "migrate": Command("bring the database schema up to date"),
    "users": Command("create, list and change who may sign in, and make sign-in links", "console.commands.users"),
}


def main(words: Sequence[str]) -> int:
    arguments = parse("python -m console", COMMANDS, words)

    from console.settings import ConsoleSettings

    settings = ConsoleSettings()
    try:
        match arguments.command:
            case "serve":
                from common import logs, runtime
                from console import app

                logs.configure(settings.log_format, settings.log_level, service="console")
                return runtime.run(partial(app.console, settings))
            case "migrate":
                from common.commands import migrate

                return asyncio.run(migrate.run(database_url=settings.database_url, service="console"))
            case "users":
                from console.commands import users

                return asyncio.run(users.run(arguments, settings))
    except WorkerError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 0
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
