"""`python -m SERVICE keys create|list|revoke`."""

import argparse
import re
import sys
from collections.abc import Sequence

from common.database import engine
from common.database_errors import DATABASE_ERRORS, error_text
from common.keys import Key, KeyStore, Scope

_SOURCE = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.ASCII)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    actions = parser.add_subparsers(dest="action", required=True)
    create = actions.add_parser("create", help="make a key and print it, once")
    create.add_argument("--source", required=True, type=_source, help="the stream that its events belong to")
    create.add_argument(
        "--scope", required=True, action="append", type=Scope, choices=list(Scope), help="may be given twice"
    )
    actions.add_parser("list", help="show all keys, never their secrets")
    revoke = actions.add_parser(
        "revoke", help="end a key; holds within KEY_TTL_SECONDS, wherever PostgreSQL can be read"
    )
    revoke.add_argument("id", help="as shown by list: the middle part of the key")


def _source(text: str) -> str:
    if not _SOURCE.fullmatch(text):
        raise argparse.ArgumentTypeError("1 to 64 of a-z, 0-9, '_', '.', '-', beginning with a letter or digit")
    return text


async def run(arguments: argparse.Namespace, *, database_url: str, service: str) -> int:
    """Returns the exit code."""
    connected = engine(database_url, pool_size=1)
    store = KeyStore(connected, schema=service)
    try:
        match arguments.action:
            case "create":
                print(await store.create(source=arguments.source, scopes=frozenset(arguments.scope)))
            case "list":
                print(table(await store.list()))
            case "revoke" if not await store.revoke(arguments.id):
                print(f"no active key has the id {arguments.id}", file=sys.stderr)
                return 1
        return 0
    except DATABASE_ERRORS as error:
        print(f"PostgreSQL: {error_text(error)}", file=sys.stderr)
        return 1
    finally:
        await connected.dispose()


def table(keys: Sequence[Key]) -> str:
    """One line for each key, in aligned columns."""
    head = ("ID", "SOURCE", "SCOPES", "CREATED", "REVOKED")
    rows = [head, *(_row(key) for key in keys)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


def _row(key: Key) -> tuple[str, str, str, str, str]:
    revoked = f"{key.revoked_at:%Y-%m-%d %H:%M:%SZ}" if key.revoked_at else "-"
    return key.id, key.source, ",".join(sorted(key.scopes)), f"{key.created_at:%Y-%m-%d %H:%M:%SZ}", revoked
