"""`python -m SERVICE keys create|list|rotate|revoke`."""

import argparse
import sys
from collections.abc import Sequence
from datetime import datetime, timedelta
from math import inf

from common.commands.argument_types import duration
from common.commands.columns import aligned
from common.database import engine
from common.database_errors import DATABASE_ERRORS, error_text
from common.keys import MOST_BURST, SOURCE_NAME, Key, KeyStore, Scope
from common.token_bucket import RateLimit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    actions = parser.add_subparsers(dest="action", required=True)
    _add_create(actions.add_parser("create", help="make a key and print it, once"))
    actions.add_parser("list", help="show all keys, never their secrets: when they end, and when they were last used")
    rotate = actions.add_parser("rotate", help="make a new key like another one, which then ends after an overlap")
    rotate.add_argument("id", help="as shown by list: the middle part of the key")
    rotate.add_argument(
        "--overlap",
        type=duration,
        default=timedelta(hours=24),
        metavar="24h",
        help="how long the old key stays valid: 90m, 24h (without this), 7d, 0s",
    )
    rotate.add_argument(
        "--expires",
        type=duration,
        metavar="90d",
        help="after this the new key is refused; without this it lives as long as the old one was made for",
    )
    revoke = actions.add_parser(
        "revoke", help="end a key; holds within KEY_TTL_SECONDS, wherever PostgreSQL can be read"
    )
    revoke.add_argument("id", help="as shown by list: the middle part of the key")


def _add_create(create: argparse.ArgumentParser) -> None:
    create.add_argument("--source", required=True, type=_source, help="the stream that its events belong to")
    create.add_argument(
        "--scope",
        required=True,
        action="append",
        type=Scope,
        choices=list(Scope),
        help="may be given twice; write includes events and webhooks",
    )
    create.add_argument("--expires", type=duration, metavar="90d", help="after this the key is refused")
    create.add_argument(
        "--events-per-second",
        type=_rate,
        metavar="N",
        help="a limit of its own in place of INGEST_EVENTS_PER_SECOND; 0 for none",
    )
    create.add_argument("--burst", type=_burst, metavar="N", help="in place of INGEST_BURST_EVENTS, with a limit")


def _source(text: str) -> str:
    if not SOURCE_NAME.fullmatch(text):
        raise argparse.ArgumentTypeError("1 to 64 of a-z, 0-9, '_', '.', '-', beginning with a letter or digit")
    return text


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 <= rate < inf:
        raise argparse.ArgumentTypeError("0 or more events a second")
    return rate


def _burst(text: str) -> int:
    if not 0 < int(text) <= MOST_BURST:
        raise argparse.ArgumentTypeError(f"1 to {MOST_BURST} events")
    return int(text)


async def run(arguments: argparse.Namespace, *, database_url: str, service: str) -> int:
    """Returns the exit code."""
    connected = engine(database_url, pool_size=1)
    store = KeyStore(connected, schema=service)
    try:
        match arguments.action:
            case "create":
                return await _create(store, arguments)
            case "list":
                print(table(await store.list()))
            case "rotate":
                return await _rotate(store, arguments)
            case "revoke" if not await store.revoke(arguments.id):
                return _no_such_key(arguments.id)
        return 0
    except DATABASE_ERRORS as error:
        print(f"PostgreSQL: {error_text(error)}", file=sys.stderr)
        return 1
    finally:
        await connected.dispose()


async def _create(store: KeyStore, arguments: argparse.Namespace) -> int:
    rate, burst = arguments.events_per_second, arguments.burst
    if (burst is None) != (not rate):
        print("--events-per-second above 0 and --burst go together", file=sys.stderr)
        return 2
    limit = None if rate is None else RateLimit(rate, burst or 0)
    scopes = frozenset(arguments.scope)
    print(await store.create(source=arguments.source, scopes=scopes, expires_after=arguments.expires, limit=limit))
    return 0


async def _rotate(store: KeyStore, arguments: argparse.Namespace) -> int:
    made = await store.rotate(arguments.id, overlap=arguments.overlap, lifetime=arguments.expires)
    if made is None:
        return _no_such_key(arguments.id)
    print(made.token)
    # Not on standard output, which holds the key alone.
    until, end = _moment(made.replaced_until), _moment(made.expires_at, absent="it is revoked")
    print(f"{arguments.id} is valid until {until}: give the new key to its client by then", file=sys.stderr)
    print(f"the new key is valid until {end}", file=sys.stderr)
    return 0


def _no_such_key(key_id: str) -> int:
    print(f"no active key has the id {key_id}", file=sys.stderr)
    return 1


def table(keys: Sequence[Key]) -> str:
    """One line for each key, in aligned columns."""
    head = ("ID", "SOURCE", "SCOPES", "LIMIT", "CREATED", "LAST USED", "EXPIRES", "REVOKED")
    return "\n".join(aligned([head, *map(_row, keys)]))


def _row(key: Key) -> tuple[str, ...]:
    return (
        key.id,
        key.source,
        ",".join(sorted(key.scopes)) or "-",
        _limit(key.limit),
        _moment(key.created_at),
        _moment(key.last_used_at, absent="never"),
        _moment(key.expires_at),
        _moment(key.revoked_at),
    )


def _limit(limit: RateLimit | None) -> str:
    if limit is None:
        return "-"
    if limit.per_second == 0:
        return "none"
    return f"{limit.per_second:g}/s burst {limit.burst}"


def _moment(moment: datetime | None, *, absent: str = "-") -> str:
    return f"{moment:%Y-%m-%d %H:%M:%SZ}" if moment else absent
