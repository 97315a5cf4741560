"""`python -m console users create|link|role|disable|enable|list`."""

import argparse
import sys
from datetime import timedelta

from common.commands.argument_types import duration
from common.commands.columns import aligned
from common.database import engine
from common.database_errors import DatabaseUnavailable
from console.access.roles import Role
from console.postgres.links import SignInLinks
from console.postgres.tables import ConsoleTables
from console.postgres.users import COMMAND_LINE, EMAIL, ConsoleUser, EmailTaken, UnknownUser, UserStore
from console.settings import ConsoleSettings


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="let a person sign in, and print a link that signs them in once")
    _add_email(create)
    create.add_argument("--role", required=True, type=Role, choices=list(Role))
    create.add_argument("--name", help="as pages show it; without it the address is shown")
    _add_expires(create)
    link = actions.add_parser("link", help="print another link for a person")
    _add_email(link)
    _add_expires(link)
    role = actions.add_parser("role", help="give a person another role; it holds from their next request on")
    _add_email(role)
    role.add_argument("--role", required=True, type=Role, choices=list(Role))
    _add_email(actions.add_parser("disable", help="end a person's sessions, and refuse new ones"))
    _add_email(actions.add_parser("enable", help="let a disabled person sign in again"))
    actions.add_parser("list", help="show who may sign in")


def _add_email(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--email", required=True, type=_email, help="as accounts name their owner")


def _add_expires(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--expires", type=duration, default=timedelta(hours=24), metavar="24h", help="how long the link can be used"
    )


def _email(text: str) -> str:
    if not EMAIL.fullmatch(text):
        raise argparse.ArgumentTypeError("an e-mail address")
    return text.lower()


async def run(arguments: argparse.Namespace, settings: ConsoleSettings) -> int:
    """Returns the exit code."""
    connected = engine(settings.database_url, pool_size=1)
    tables = ConsoleTables(connected, patience=settings.console_database_seconds)
    users = UserStore(tables)
    try:
        match arguments.action:
            case "create":
                made = await users.create(arguments.email, role=arguments.role, name=arguments.name, by=COMMAND_LINE)
                await _print_link(tables, made, arguments, settings)
            case "link":
                await _print_link(tables, await users.find(arguments.email), arguments, settings)
            case "role":
                await users.change_role(arguments.email, arguments.role, by=COMMAND_LINE)
            case "disable":
                await users.disable(arguments.email, by=COMMAND_LINE)
            case "enable":
                await users.enable(arguments.email, by=COMMAND_LINE)
            case _:
                print("\n".join(aligned([("email", "role", "name", ""), *map(_row, await users.list())])))
    except (EmailTaken, UnknownUser, DatabaseUnavailable) as error:
        print(error, file=sys.stderr)
        return 1
    finally:
        await connected.dispose()
    return 0


async def _print_link(
    tables: ConsoleTables, user: ConsoleUser, arguments: argparse.Namespace, settings: ConsoleSettings
) -> None:
    """The link alone, so that a program can take it."""
    token = await SignInLinks(tables).create(user, valid=arguments.expires, by=COMMAND_LINE)
    print(f"{settings.console_url}/sign-in/link/{token}")


def _row(user: ConsoleUser) -> tuple[str, str, str, str]:
    return user.email, user.role, user.name or "", "" if user.disabled_at is None else "disabled"
