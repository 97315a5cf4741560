"""`routes check|test|schema`: is routes.yml sound, who would be told of a signal, and the format for editors."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec
from sqlalchemy import select

from alerts.channels.registry import Channel
from alerts.postgres.schema import alert
from alerts.routing.channel_grammar import grammar_of
from alerts.routing.destination import Destination
from alerts.routing.grammar import RoutesFile
from alerts.routing.labels import NAMES, Labels, labels
from alerts.routing.load import check_routes, load
from alerts.routing.routes import Routes
from alerts.routing.tree import ROOT, Route
from alerts.settings import AlertsSettings
from alerts.signals.wording import describe
from common import database
from common.contracts.signals import Signal
from common.database_errors import DATABASE_ERRORS
from common.documents.findings import InvalidDocument, did_you_mean
from common.documents.json_schema import schema_text


class _Mistaken(Exception):
    """What was asked cannot be answered; the message says why."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    actions = parser.add_subparsers(dest="action", required=True)
    check = actions.add_parser("check", help="exit 1 and say where, if the routes are not sound")
    check.add_argument("file", type=Path, nargs="?", metavar="FILE", help="default: ALERTS_ROUTES")
    test = actions.add_parser("test", help="who would be told, how, and by which path")
    test.add_argument(
        "words",
        nargs="+",
        metavar="ACCOUNT | LABEL=VALUE",
        help=f"an account, for its newest alert; or labels ({', '.join(NAMES)}), as in tier=high severity=critical",
    )
    test.add_argument("--file", type=Path, help="default: ALERTS_ROUTES")
    test.add_argument("--on", type=moment, metavar="MOMENT", help="a day or RFC 3339: who is away then? default: now")
    actions.add_parser("schema", help="print the JSON Schema (deploy/routes.schema.json)")


async def run(arguments: argparse.Namespace, settings: AlertsSettings) -> int:
    """The exit code."""
    if arguments.action == "schema":
        print(schema_text(RoutesFile, "Routes"), end="")
        return 0
    file = arguments.file or settings.alerts_routes
    try:
        text = file.read_text(encoding="utf-8")
        if arguments.action == "check":
            checked = check_routes(text)
            print(checked.report(str(file), _summary))
            return 0 if checked.content else 1
        await _test(load(text, str(file)), arguments, settings)
    except (OSError, UnicodeDecodeError) as error:
        print(f"{file}: cannot be read: {error}", file=sys.stderr)
        return 1
    except (_Mistaken, InvalidDocument) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _summary(routes: Routes) -> Iterator[str]:
    yield from _branch(routes.root, ROOT)
    yield f"{len(routes.receivers)} receivers, {len(routes.people.by_email)} people"
    yield f"channels: {', '.join(sorted(routes.channels)) or 'none: nobody is ever told'}"
    shown = [f"{'' if on else 'do not '}{what}" for on, what in _of_customers(routes)]
    yield f"messages {' and '.join(shown)}"
    for channel in Channel:
        if needed := grammar_of(channel).needed_settings(routes.targets):
            yield needed


def _of_customers(routes: Routes) -> tuple[tuple[bool, str], ...]:
    return (routes.quote_customer, "quote customers"), (routes.name_contacts, "name whom to call")


def _branch(route: Route, title: str, depth: int = 0) -> Iterator[str]:
    continues = ", and on to the next" if route.continues else ""
    yield f"{'  ' * depth}{title} -> {route.receiver}{continues}"
    for child in route.routes:
        yield from _branch(child, str(child), depth + 1)


async def _test(routes: Routes, arguments: argparse.Namespace, settings: AlertsSettings) -> None:
    asked = await _asked(arguments.words, settings)
    print("labels    " + " ".join(f"{name}={value}" for name, value in asked.items() if value))
    for destination in routes.destinations(asked, on=arguments.on or datetime.now(UTC)):
        print("\n".join(_told(destination)))


async def _asked(words: Sequence[str], settings: AlertsSettings) -> Labels:
    """Raises `_Mistaken`."""
    if len(words) == 1 and "=" not in words[0]:
        signal = await _newest(words[0], settings)
        print(f"alert     {signal.signal_id}, {signal.at:%Y-%m-%d %H:%M} UTC: {describe(signal)}")
        return labels(signal)
    given = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals:
            raise _Mistaken(f"must be one account, or labels such as tier=high: '{word}'")
        if name not in NAMES:
            raise _Mistaken(f"unknown label '{name}'{did_you_mean(name, NAMES) or ', known: ' + ', '.join(NAMES)}")
        given[name] = value
    return given


async def _newest(account_id: str, settings: AlertsSettings) -> Signal:
    """Raises `_Mistaken`."""
    engine = database.engine(settings.database_url, pool_size=1)
    query = select(alert.c.body).where(alert.c.account_id == account_id).order_by(alert.c.seq.desc()).limit(1)
    try:
        async with engine.connect() as connection:
            body = await connection.scalar(query)
    except DATABASE_ERRORS as error:
        raise _Mistaken(f"the database does not answer: {error}") from error
    finally:
        await engine.dispose()
    if body is None:
        raise _Mistaken(f"no alert of account '{account_id}' is recorded")
    return msgspec.convert(body, Signal)


def _told(destination: Destination) -> Iterator[str]:
    yield ""
    yield f"receiver  {destination.receiver}"
    yield f"path      {' > '.join(destination.path)}"
    for index, way in enumerate(destination.ways):
        yield f"{'then' if index else 'by':<10}{way.address_key}  ({way.language}, {way.time_zone})"
    if destination.ways:
        if destination.fallback:
            addresses = ", ".join(target.address_key for target in destination.fallback.targets)
            yield f"else      {destination.fallback.receiver}: {addresses}"
        yield f"repeat    after {_duration(destination.repeat_interval)}"
        yield f"resolve   {_hold(destination.resolve_after)}"
    else:
        yield "by        no channel: recorded, not told"


def _hold(seconds: float) -> str:
    return f"after {_duration(seconds)}" if seconds else "at once"


def _duration(seconds: float) -> str:
    for unit, length in (("d", 86_400), ("h", 3_600), ("m", 60)):
        if seconds % length == 0:
            return f"{seconds / length:g}{unit}"
    return f"{seconds:g}s"


def moment(text: str) -> datetime:
    """A day is its noon; without a zone it is UTC."""
    moment = datetime.fromisoformat(text if len(text) > 10 else f"{text}T12:00")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
