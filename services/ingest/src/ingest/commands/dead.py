"""`python -m ingest dead list|show|resend`: lists and shows dead letters, and sends them again."""

import argparse
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import msgspec

from common.bus.errors import BusUnavailable
from common.bus.kafka import KafkaAdmin, KafkaProducer
from common.commands.argument_types import duration
from common.database import engine
from common.database_errors import DatabaseUnavailable
from common.topics import Topics
from ingest.aliases.merge import AliasesUnavailable
from ingest.dead_letter_api.resenders import ErasuresUnknown, load_resenders
from ingest.dead_letters import listing, text
from ingest.dead_letters.answers import letters_answer
from ingest.dead_letters.letter import LetterPosition, parse_position
from ingest.dead_letters.listing import ListedLetter
from ingest.dead_letters.reading import DeadTopic
from ingest.dead_letters.resending import LetterResender, ResendRefusal
from ingest.dead_letters.selection import LetterSelection
from ingest.dead_letters.sending import LetterSender, ResendReport
from ingest.identity.known import IdentitiesUnavailable
from ingest.privacy.pseudonyms import PrivacyKeyMissing
from ingest.settings import IngestSettings

_MOST_LISTED = 10_000
_SEND_SECONDS = 10.0


class NothingToResend(Exception):
    """A topic is missing, or the command names no letters; the text is for the person at the terminal."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    actions = parser.add_subparsers(dest="action", required=True)
    listed = actions.add_parser("list", help="show the newest letters, and count all by reason")
    _add_filters(listed)
    listed.add_argument("--limit", type=_limit, default=50, metavar="N", help="how many are shown (50)")
    listed.add_argument("--json", action="store_true", help="as JSON")
    show = actions.add_parser("show", help="show one letter whole, what its reason means and what to do")
    show.add_argument("position", type=_position, metavar="POSITION", help="partition:offset, as list shows it")
    resend = actions.add_parser("resend", help="send records again; what was counted before is a duplicate")
    resend.add_argument("positions", type=_position, nargs="*", metavar="POSITION", help="these letters")
    _add_filters(resend)
    resend.add_argument("--dry-run", action="store_true", help="say what would be sent")
    resend.add_argument("--yes", action="store_true", help="ask nothing")
    resend.add_argument("--again", action="store_true", help="also what was sent again before")


def _add_filters(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--reason", help="such as core_failed")
    parser.add_argument("--source", help="that of the key that posted it")
    parser.add_argument("--account", metavar="ID")
    parser.add_argument(
        "--since", type=_moment, metavar="T", help="2026-03-02T12:00:00Z, 2026-03-02, or 24h ago as 24h"
    )
    parser.add_argument("--until", type=_moment, metavar="T", help="before this; written like --since")


def _position(words: str) -> LetterPosition:
    try:
        return parse_position(words)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None


def _limit(words: str) -> int:
    if not 1 <= int(words) <= _MOST_LISTED:
        raise argparse.ArgumentTypeError(f"1 to {_MOST_LISTED}")
    return int(words)


def _moment(words: str) -> datetime:
    try:
        moment = datetime.fromisoformat(words)
    except ValueError:
        return datetime.now(UTC) - duration(words)
    if moment.tzinfo is None and "T" in words:
        raise argparse.ArgumentTypeError("needs a zone: 2026-03-02T12:00:00Z")
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


async def run(arguments: argparse.Namespace, settings: IngestSettings) -> int:
    """Returns the exit code."""
    dead = DeadTopic(KafkaAdmin(settings.kafka_bootstrap), topic=Topics(settings.topic_prefix).dead)
    try:
        match arguments.action:
            case "list":
                return await _list(dead, arguments)
            case "show":
                return await _show(dead, arguments.position)
            case _:
                return await _resend(dead, arguments, settings)
    except NothingToResend as error:
        print(error, file=sys.stderr)
        return 2
    except (ErasuresUnknown, PrivacyKeyMissing) as error:
        print(error, file=sys.stderr)
        return 1
    except BusUnavailable as error:
        print(f"Kafka: {error}", file=sys.stderr)
        return 1
    except (IdentitiesUnavailable, AliasesUnavailable, DatabaseUnavailable) as error:
        print(f"PostgreSQL: {error}", file=sys.stderr)
        return 1


async def _list(dead: DeadTopic, arguments: argparse.Namespace) -> int:
    found = await listing.list_letters(dead, _selection(arguments), limit=arguments.limit)
    print(msgspec.json.encode(letters_answer(found)).decode() if arguments.json else text.list_text(found))
    return 0


async def _show(dead: DeadTopic, position: LetterPosition) -> int:
    letter = await dead.read(position)
    if letter is None:
        print(f"the topic holds no dead letter at {position}", file=sys.stderr)
        return 1
    resent = await dead.resent(position.partition, LetterSelection(positions=frozenset({position})))
    print(text.letter_text(ListedLetter(letter, position.offset in resent)))
    return 0


async def _resend(dead: DeadTopic, arguments: argparse.Namespace, settings: IngestSettings) -> int:
    selection = _selection(arguments)
    if selection.is_everything:
        raise NothingToResend("say which: POSITION, --reason, --source, --account, --since or --until")
    async with _sender(dead, settings, again=arguments.again) as sender:
        planned = ResendReport()
        await sender.count(selection, planned)
        print(f"{planned.sent:,} {'would be sent again' if arguments.dry_run else 'to send again'}", file=sys.stderr)
        _print_refusals(planned)
        if arguments.dry_run or planned.sent == 0:
            return 0 if planned.sent else 1
        if not arguments.yes and not _confirmed(f"send {planned.sent:,} records again?"):
            return 1
        return await _send(sender, selection)


async def _send(sender: LetterSender, selection: LetterSelection) -> int:
    report = ResendReport()
    try:
        await sender.send(selection, report)
    except BusUnavailable as error:
        print(f"Kafka: {error}", file=sys.stderr)
        print(f"{report.sent:,} were sent; give the command again for the rest", file=sys.stderr)
        return 1
    print(f"{report.sent:,} sent again")
    if refused := report.refused[ResendRefusal.REFUSED_BY_LOG]:
        print(f"{refused:,} were not, for Kafka never takes them", file=sys.stderr)
        return 1
    return 0


def _selection(arguments: argparse.Namespace) -> LetterSelection:
    return LetterSelection(
        positions=frozenset(getattr(arguments, "positions", ())),
        reason=arguments.reason,
        source=arguments.source,
        account=arguments.account,
        since=arguments.since,
        until=arguments.until,
    )


@asynccontextmanager
async def _sender(dead: DeadTopic, settings: IngestSettings, *, again: bool) -> AsyncIterator[LetterSender]:
    names = Topics(settings.topic_prefix)
    partitions = await KafkaAdmin(settings.kafka_bootstrap).partitions(names.events)
    if partitions is None:
        raise NothingToResend(f"there is no topic {names.events}")
    connected = engine(settings.database_url, pool_size=1)
    producer = KafkaProducer(settings.kafka_bootstrap, deadline=_SEND_SECONDS)
    try:
        resender = LetterResender(await load_resenders(settings, connected, partitions=partitions))
        await producer.start()
        yield LetterSender(dead, resender, producer, events_topic=names.events, dead_topic=names.dead, again=again)
    finally:
        await producer.stop()
        await connected.dispose()


def _print_refusals(report: ResendReport) -> None:
    for reason, count in report.refused.most_common():
        print(f"{count:,} cannot be: {reason.value}", file=sys.stderr)
    for position, detail in report.refusals:
        print(f"  {position}  {text.printable(detail)}", file=sys.stderr)


def _confirmed(question: str) -> bool:
    if not sys.stdin.isatty():
        print("give --yes, or --dry-run", file=sys.stderr)
        return False
    return input(f"{question} [y/N] ").strip().lower() in ("y", "yes")
