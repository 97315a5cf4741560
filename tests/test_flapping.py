"""Accounts that go up and down, from their events to the messages that a person gets: the shipped card and routes.

The signals are those of the core. Everything that is told counts as sent at once, and every due timer fires.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import groupby
from pathlib import Path
from random import Random
from types import MappingProxyType
from typing import NamedTuple

import pytest

from alerts.routing.labels import labels
from alerts.routing.load import load as load_routes
from common.contracts.events import Event
from common.contracts.signals import Kind, Signal
from scoring.cards.country_days import country_days
from scoring.health import Scorer
from support.alerts_decisions import DecidedAccount
from support.cards import shipped_card

DEPLOY = Path(__file__).parents[1] / "deploy"
ROUTES = load_routes((DEPLOY / "routes.yml").read_text(encoding="utf-8"), "routes.yml")
SCORER = Scorer(shipped_card(), "card", calendars=country_days)
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
ACCOUNT = "acme"
FACTS = {"name": "Acme", "tier": "high", "owner": "dana@example.com", "arr": 9_000, "stage": "adoption"}


class Happened(NamedTuple):
    """What somebody did, and when."""

    at: datetime
    name: str
    user: str | None = None
    properties: Mapping[str, object] = MappingProxyType({})


def signals_of(happened: Iterable[Happened], *, until: datetime) -> list[Signal]:
    account = SCORER.create(ACCOUNT)
    found: list[Signal] = []
    for number, one in enumerate(sorted(happened, key=lambda one: one.at)):
        event = Event(
            event_id=str(number),
            account_id=ACCOUNT,
            name=one.name,
            time=one.at,
            source="product",
            received_at=one.at,
            user_id=one.user,
            properties=dict(one.properties),
        )
        found += SCORER.apply(account, event, one.at.timestamp()).signals
    return found + list(SCORER.advance(account, until.timestamp()).signals)


def messages(signals: Sequence[Signal], *, until: datetime) -> list[tuple[datetime, str]]:
    """When each was sent, and what heads it."""
    account, sent = DecidedAccount(), list[tuple[datetime, str]]()

    def fire(until: datetime) -> None:
        while account.timer is not None and account.timer <= until.timestamp():
            moment = datetime.fromtimestamp(account.timer, UTC)
            account.fire()
            sent.extend((moment, message[0]) for message in account.send())

    # What one event brings is on the log in one piece, and is decided together.
    for at, together in groupby(signals, key=lambda one: one.at):
        fire(at)
        run = list(together)
        account.decide(*run, to=ROUTES.destinations(labels(run[-1]), on=at))
        sent.extend((at, message[0]) for message in account.send())
    fire(until)
    return sent


def a_healthy_month(*, seats: int = 4) -> Iterator[Happened]:
    """Four people at work, every day."""
    yield Happened(MONDAY, "account.updated", None, FACTS | {"seats": seats})
    for day in range(30):
        for person in range(4):
            yield from at_work(MONDAY + timedelta(days=day, hours=9, minutes=person), person, feature=day)


def at_work(at: datetime, person: int, *, feature: int, times: int = 3) -> Iterator[Happened]:
    yield Happened(at, "session.started", f"u{person}")
    for turn in range(times):
        yield Happened(at + timedelta(minutes=turn), "report.created", f"u{person}")
        name = f"feature-{(feature + turn) % 10}"
        yield Happened(at + timedelta(minutes=turn), "feature.used", f"u{person}", {"feature": name})


def test_a_payment_that_fails_and_is_paid_twenty_times_is_one_alarm_and_one_all_clear() -> None:
    """It was forty messages."""
    begin = MONDAY + timedelta(days=30)
    flips = [
        Happened(begin + timedelta(seconds=second), "invoice.paid" if second % 2 else "invoice.payment_failed")
        for second in range(40)
    ]
    until = begin + timedelta(days=7)
    signals = [one for one in signals_of([*a_healthy_month(), *flips], until=until) if one.at >= begin]
    assert sum(one.to == "payment_failed" for one in signals) == 20
    told = messages(signals, until=begin + timedelta(days=2))
    assert len([one for one in told if one[1] != "green"]) == 1
    assert len([one for one in told if one[1] == "green"]) <= 1


def test_an_invoice_that_is_paid_is_good_news_within_two_hours() -> None:
    begin = MONDAY + timedelta(days=30)
    facts = [Happened(begin, "invoice.payment_failed"), Happened(begin + timedelta(hours=5), "invoice.paid")]
    signals = [
        one for one in signals_of([*a_healthy_month(), *facts], until=begin + timedelta(days=1)) if one.at >= begin
    ]
    told = messages(signals, until=begin + timedelta(days=1))
    assert [what for _, what in told][-1] == "green"
    assert timedelta(hours=6) <= told[-1][0] - begin <= timedelta(hours=7)


def test_one_answer_up_and_down_is_one_alarm_and_at_most_one_all_clear() -> None:
    begin = MONDAY + timedelta(days=30)
    answers = [
        Happened(begin + timedelta(minutes=minute), "nps.answered", "u1", {"score": 10 if minute % 2 else 0})
        for minute in range(40)
    ]
    # Before a renewal an answer weighs most.
    renewal = Happened(MONDAY, "account.updated", None, {"stage": "renewal"})
    weak = [*[one for one in a_healthy_month(seats=12) if one.user != "u3"], renewal]
    signals = [one for one in signals_of([*weak, *answers], until=begin + timedelta(days=3)) if one.at >= begin]
    told = messages(signals, until=begin + timedelta(days=3))
    assert len([one for one in signals if one.kind is Kind.BAND]) == 40, "the answer alone moves the band"
    assert len([one for one in told if one[1] != "green"]) <= 1
    assert len([one for one in told if one[1] == "green"]) <= 1


def four_people_on_mondays(seed: int, *, seats: int, weeks: int) -> list[Signal]:
    """Forty weeks in which they come every so many weeks."""
    draw = Random(seed)
    happened = [Happened(MONDAY, "account.updated", None, FACTS | {"seats": seats})]
    for week in range(0, 40, weeks):
        for person in range(4):
            at = MONDAY + timedelta(weeks=week, hours=8 + 8 * draw.random())
            happened += at_work(at, person, feature=draw.randrange(10), times=1 + seed % 2)
    return signals_of(happened, until=MONDAY + timedelta(weeks=40))


def assert_at_most_two_alarms(signals: Sequence[Signal]) -> None:
    """Beside what is said once: they have gone quiet (the first long absence is red), and seats never lived."""
    told = [what for _, what in messages(signals, until=MONDAY + timedelta(weeks=40))]
    assert all(told.count(what) <= 1 for what in ("gone_quiet", "shelfware"))
    assert sum(what not in ("green", "gone_quiet", "shelfware") for what in told) <= 2
    # No more than one all-clear for each alarm; seats that never lived need none.
    assert told.count("green") <= sum(what not in ("green", "shelfware") for what in told)


@pytest.mark.parametrize("seats", range(5, 15))
def test_four_people_who_come_on_mondays_are_at_most_two_alarms_in_forty_weeks(seats: int) -> None:
    for seed in range(4):
        assert_at_most_two_alarms(four_people_on_mondays(seed, seats=seats, weeks=1))


@pytest.mark.parametrize(("seats", "yellow"), [(7, 16), (8, 13), (9, 3)])
def test_and_who_come_every_other_monday_too_though_the_band_goes_up_and_down(seats: int, yellow: int) -> None:
    """There are `yellow` signals or more."""
    for seed in range(4):
        signals = four_people_on_mondays(seed, seats=seats, weeks=2)
        assert sum(one.to == "yellow" for one in signals) >= yellow, "the scorecard has become calm: take another case"
        assert_at_most_two_alarms(signals)
