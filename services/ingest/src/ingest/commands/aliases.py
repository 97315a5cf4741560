"""`python -m ingest aliases list|remove`: lists merged accounts, and removes the alias of one."""

import argparse
import sys
from typing import Final

from common.database import engine
from ingest.aliases.merge import AliasesUnavailable
from ingest.aliases.store import AliasStore, ListedAlias

_PAGE: Final = 1_000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    actions = parser.add_subparsers(dest="action", required=True)
    listed = actions.add_parser("list", help="show the merged accounts, and the event that merged each")
    listed.add_argument("--account", metavar="ID", help="only those merged from this account or into it")
    remove = actions.add_parser(
        "remove",
        help="file the events of an account under itself again, within INGEST_ALIAS_TTL_SECONDS; what was filed under "
        "the other one stays there. Post `event.retracted` for the merge afterwards, so that its alerts come back",
    )
    remove.add_argument("account", metavar="ID", help="the account that was merged")


async def run(arguments: argparse.Namespace, *, database_url: str) -> int:
    """Returns the exit code."""
    connected = engine(database_url, pool_size=1)
    store = AliasStore(connected)
    try:
        if arguments.action == "list":
            await _list(store, arguments.account)
            return 0
        if await store.remove(arguments.account):
            return 0
        print(f"{arguments.account!r} was not merged", file=sys.stderr)
    except AliasesUnavailable as error:
        print(f"PostgreSQL: {error}", file=sys.stderr)
    finally:
        await connected.dispose()
    return 1


async def _list(store: AliasStore, account_id: str | None) -> None:
    after = ""
    while page := await store.page(after=after, limit=_PAGE, account_id=account_id):
        for one in page:
            print(_line(one))
        after = page[-1].account_id


def _line(one: ListedAlias) -> str:
    """Ids are shown as Python writes them: they may hold blanks and line breaks."""
    return f"{one.account_id!r} -> {one.into!r}  {one.at:%Y-%m-%d %H:%M:%SZ}  {one.source} {one.event_id!r}"
