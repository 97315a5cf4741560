"""`resend`: messages that failed for good are sent again, once their channel or address works."""

import argparse
import sys
from datetime import UTC, datetime

from alerts.postgres.resend import resend_failed
from alerts.settings import AlertsSettings
from common import database
from common.database_errors import DATABASE_ERRORS


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("alerts", nargs="*", metavar="ALERT", help="ids of alerts; all of their failed messages")
    parser.add_argument(
        "--since", type=_moment, metavar="MOMENT", help="a day or RFC 3339: every message that failed since then"
    )
    parser.add_argument("--by", type=_person, metavar="NAME", help="who asks: their e-mail address or name")


async def run(arguments: argparse.Namespace, settings: AlertsSettings) -> int:
    """The exit code: 0 if the messages are on their way, also if there were none."""
    if bool(arguments.alerts) == (arguments.since is not None):
        print("name alerts by their ids, or a moment by --since", file=sys.stderr)
        return 2
    since = 0.0 if arguments.since is None else arguments.since.timestamp()
    engine = database.engine(settings.database_url, pool_size=1)
    try:
        async with engine.begin() as connection:
            resent = await resend_failed(connection, alerts=arguments.alerts or None, since=since, by=arguments.by)
    except DATABASE_ERRORS as error:
        print(f"the database does not answer: {error}", file=sys.stderr)
        return 1
    finally:
        await engine.dispose()
    for notification_id in resent:
        print(notification_id)
    print(f"{len(resent)} messages are decided again and sent if they still stand", file=sys.stderr)
    return 0


def _person(text: str) -> str:
    if not 1 <= len(name := text.strip()) <= 200 or "\0" in name:
        raise argparse.ArgumentTypeError("1 to 200 characters")
    return name


def _moment(text: str) -> datetime:
    """A day is its beginning; without a zone it is UTC."""
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
