"""`away`: posts one `account.away` for each account of a country, as scoring's API lists them."""

import argparse
import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import Any, Final

import httpx
import msgspec
from msgspec import Struct

from common.catalogue.values import Country
from ingest.commands.service_client import ServiceFailed, ask, connect

_PAGE: Final = 500


class AwayFailed(ServiceFailed):
    """Not every account was told."""


class _ListedAccount(Struct):
    account_id: str


class _AccountPage(Struct):
    accounts: list[_ListedAccount]
    next_cursor: str | None = None


class _Answer(Struct):
    accepted: int = 0
    rejected: int = 0


class AwayPlan(Struct, frozen=True):
    """The first and the last day on which accounts of `country` are closed."""

    country: str
    first: date
    until: date
    reason: str | None

    def event(self, account_id: str) -> dict[str, Any]:
        """The same id whenever it is posted, so that posting it again adds nothing.

        Without a time ingest takes that of the post, which is no part of what the event says.
        """
        properties = {"from": self.first.isoformat(), "until": self.until.isoformat()}
        return {
            "event_id": f"away-{self.country}-{self.first}-{self.until}",
            "account_id": account_id,
            "name": "account.away",
            "properties": properties if self.reason is None else {**properties, "reason": self.reason},
        }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The parsed arguments go to `run`."""
    parser.description = (
        "SCORING_URL and INGEST_URL say where (default: this machine), READ_KEY is a key of scoring with scope read, "
        "WRITE_KEY one of ingest with scope write or events."
    )
    parser.add_argument("--country", required=True, type=_country, metavar="CC", help="two letters of ISO 3166")
    parser.add_argument(
        "--from", required=True, type=_day, dest="first", metavar="DAY", help="the first day: 2026-08-03"
    )
    parser.add_argument("--until", required=True, type=_day, metavar="DAY", help="the last day, included")
    parser.add_argument("--reason", metavar="TEXT", help="why; kept with the event")
    parser.add_argument("--dry-run", action="store_true", help="count the accounts and have the events checked only")


def run(arguments: argparse.Namespace, environment: Mapping[str, str] = os.environ) -> int:
    """The exit code."""
    plan = AwayPlan(arguments.country, arguments.first, arguments.until, arguments.reason)
    try:
        if plan.until < plan.first:
            raise AwayFailed(f"--until {plan.until} is before --from {plan.first}")
        with (
            connect(environment, "SCORING_URL", "READ_KEY") as scoring,
            connect(environment, "INGEST_URL", "WRITE_KEY") as ingest,
        ):
            count = post(plan, scoring, ingest, dry_run=arguments.dry_run)
    except ServiceFailed as error:
        print(error, file=sys.stderr)
        return 1
    done = "would be told" if arguments.dry_run else "were told"
    print(f"{count} accounts of {plan.country} {done} to be away from {plan.first} until {plan.until}")
    return 0


def post(
    plan: AwayPlan,
    scoring: httpx.Client,
    ingest: httpx.Client,
    *,
    dry_run: bool = False,
    sleep: Callable[[float], object] = time.sleep,
) -> int:
    """How many accounts were told. Raises `AwayFailed`; posted once more, nothing is told twice."""
    told = 0
    query = {"dry_run": "true"} if dry_run else {}
    for page in _accounts(plan.country, scoring, sleep):
        events = [plan.event(account_id) for account_id in page]
        try:
            body = ask(partial(ingest.post, "/v1/events", params=query, json=events), "ingest", sleep=sleep).content
            answer = msgspec.json.decode(body, type=_Answer)
        except (ServiceFailed, msgspec.DecodeError) as error:
            raise AwayFailed(f"{error} ({told} accounts were told before; the command may be given again)") from error
        told += answer.accepted
        if answer.rejected:
            raise AwayFailed(f"ingest did not take {answer.rejected} of {len(events)} events: {body.decode()[:500]}")
    return told


def _accounts(country: str, scoring: httpx.Client, sleep: Callable[[float], object]) -> Iterator[Sequence[str]]:
    """Page by page, in the order of their names: that order stays while their scores move."""
    query: dict[str, str | int] = {"country": country, "sort": "name", "limit": _PAGE}
    while True:
        body = ask(partial(scoring.get, "/v1/accounts", params=query), "scoring", sleep=sleep).content
        try:
            page = msgspec.json.decode(body, type=_AccountPage)
        except msgspec.DecodeError as error:
            raise AwayFailed(f"scoring's answer is no list of accounts: {error}") from error
        if page.accounts:
            yield [each.account_id for each in page.accounts]
        if page.next_cursor is None:
            return
        query["cursor"] = page.next_cursor


def _country(text: str) -> str:
    if not Country.is_valid(text.upper()):
        raise argparse.ArgumentTypeError(f"{Country.description}, not {text}")
    return text.upper()


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"a day such as 2026-08-03, not {text}") from None
