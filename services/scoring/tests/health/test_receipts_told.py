"""Receipts: what moved the score, told in the words of the card, and nothing left over."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from common.contracts.signals import Change, Driver
from scoring.health import receipts
from scoring.health.card import Bands, Flag
from scoring.health.ledger import EVENT, Ledger
from scoring.health.metrics.definition import Dimension
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.scorer import Scorer
from scoring.health.view import ReceiptMismatch
from support.random_cases import event
from support.scripted_account import DAWN, DAY, IDENTITY, SLIDE, ScriptedAccount, card

CURVES = {"default": IDENTITY}
NPS = Gauge(name="nps", dimension="roi", events=("nps.read",), curves=CURVES)
USE = Gauge(name="use", dimension="adoption", events=("use.read",), curves=CURVES)
LOW = Bands(red=1, yellow=2)
UNPAID = Flag(name="unpaid", cap=50, events=("payment.failed",), clear_on=("invoice.paid",))


def day(number: float) -> datetime:
    return datetime(2024, 1, 10, tzinfo=UTC) + timedelta(days=number)


def parts(change: Change) -> dict[tuple[str, Driver], float]:
    return {(part.metric, part.driver): round(part.points, 9) for part in change.parts}


def test_silence_an_event_and_a_cap_are_told_apart() -> None:
    script = ScriptedAccount(card(SLIDE, NPS, flags=(UNPAID,), bands=LOW))
    script.does("mood.read", 0, value=100)
    script.does("nps.read", 0, value=100)
    script.does("nps.read", 10, value=80)
    script.does("payment.failed", 20)
    change = script.looks(30).change
    assert (change.since, change.before) == (day(0), 100)
    assert parts(change) == {
        ("mood", Driver.SILENCE): -15,
        ("nps", Driver.EVENT): -10,
        ("unpaid", Driver.CAP): -25,
    }
    assert change.after == pytest.approx(50)
    assert [(moving.event_id, moving.name) for moving in change.events] == [
        ("e4", "payment.failed"),
        ("e3", "nps.read"),
    ]
    assert change.events[1].points == pytest.approx(-10)


def test_what_appears_moves_weights_not_points() -> None:
    """One metric at 40; another comes in at 80 and takes half of the weight."""
    script = ScriptedAccount(card(USE, NPS))
    script.does("use.read", 0, value=40)
    script.does("nps.read", 1, value=80)
    change = script.looks(1).change
    assert parts(change) == {("use", Driver.CONTEXT): 30, ("nps", Driver.CONTEXT): -10}
    assert change.events[0].points == 20


def test_what_appeared_in_silence_is_posted_by_the_next_event_of_another_metric() -> None:
    """A ticket of which half is left is none: from then on tickets follow the use, and weigh a third."""
    tickets = Ratio(
        name="tickets",
        dimension="deployment",
        events=("ticket.opened",),
        denominator_events=("login",),
        half_life=0.1,
        quiet_follows="use",
        curves=CURVES,
    )
    script = ScriptedAccount(card(USE, NPS, tickets, bands=LOW))
    script.does("ticket.opened", 0)
    script.does("use.read", 0, value=40)
    script.does("nps.read", 0, value=60)
    script.does("nps.read", 0.2, value=70)
    change = script.looks(0.2).change
    assert parts(change)[("tickets", Driver.CONTEXT)] == pytest.approx((60 - 100) / 3)
    assert change.before + sum(part.points for part in change.parts) == pytest.approx(change.after)


def test_points_and_weights_that_move_at_once_split_evenly() -> None:
    """The use falls from 100 to 0 in the very event that brings a stage at which it weighs three quarters."""
    use = Gauge(name="use", dimension="adoption", events=("account.updated",), value="use", curves=CURVES)
    even = card(use, NPS, bands=LOW)
    scorer = Scorer(replace(even, weights={**even.weights, "renewal": {"adoption": 75.0, "roi": 25.0}}), "card")
    account = scorer.create("acme")
    scorer.apply(account, event("account.updated", DAWN, event_id="1", use=100), DAWN)
    scorer.apply(account, event("nps.read", DAWN, event_id="2", value=60), DAWN)
    scorer.apply(account, event("account.updated", DAWN + 1, event_id="3", use=0, stage="renewal"), DAWN + 1)
    found = parts(scorer.view(account, DAWN + 1).change)
    assert found[("use", Driver.EVENT)] == (0.5 + 0.75) / 2 * -100
    # Half the weight of use (at a mean of 50) and of nps (at 60) moved, and before that nps came in at -20.
    assert found[("use", Driver.CONTEXT)] == 0.25 * (50 - 100)
    assert found[("nps", Driver.CONTEXT)] == -20 + -0.25 * (60 - 100)


def test_a_band_told_begins_a_new_change() -> None:
    script = ScriptedAccount(card(USE))
    script.does("use.read", 0, value=90)
    (red,) = script.does("use.read", 1, value=30).signals
    told = red.receipt.change
    assert (told.before, round(told.after, 9)) == (90, 30)
    change = script.looks(2).change
    assert (change.since, change.before, change.parts) == (day(1), told.after, ())


def test_other_signals_leave_the_change_running() -> None:
    script = ScriptedAccount(card(USE))
    script.does("use.read", 0, value=90)
    script.does("use.read", 1, value=80)
    script.does("contract.renewed", 2)
    assert script.looks(2).change.since == day(0)


def test_only_the_three_events_that_moved_most_are_kept() -> None:
    script = ScriptedAccount(card(USE))
    for hour, value in enumerate((100, 99, 96, 94, 90, 90)):
        script.does("use.read", hour / 24, value=value)
    assert [moving.event_id for moving in script.looks(1).change.events] == ["e5", "e3", "e4"]


def test_a_day_is_closed_by_the_first_look_of_a_later_one() -> None:
    script = ScriptedAccount(card(SLIDE))
    script.does("mood.read", 0.5, value=100)
    assert script.does("nobody.listens", 0.75).days == ()
    (closed,) = script.does("mood.read", 10.5, value=80).days
    assert (closed.day.isoformat(), closed.since) == ("2024-01-10", DAWN + 0.5 * DAY)
    assert (closed.before, round(closed.after, 9)) == (100, 99.75)
    today = script.scorer.today(script.account)
    assert today is not None
    # The silence since the last look belongs to the day on which it is seen.
    assert (today.day.isoformat(), today.since) == ("2024-01-20", DAWN + 0.75 * DAY)
    assert (today.before, round(today.after, 9)) == (closed.after, 80)
    assert [(p.metric, p.driver, round(p.points, 6)) for p in today.parts] == [
        ("mood", Driver.EVENT, -10),
        ("mood", Driver.SILENCE, -9.75),
    ]


def test_an_account_without_a_record_has_no_day() -> None:
    script = ScriptedAccount(card(USE))
    assert script.scorer.today(script.account) is None


def test_a_receipt_that_does_not_add_up_is_a_bug_or_is_counted() -> None:
    """Points beyond all measure lose the digits that would add up."""
    absurd = Gauge(
        name="use", dimension="adoption", events=("use.read",), curves={"default": ((0, 0), (1, 1e15 / 3), (2, 0.1))}
    )
    lopsided: dict[Dimension, float] = {"adoption": 70, "roi": 31}
    sane = [event("nps.read", DAWN, event_id=f"{number}", value=number / 3) for number in range(2, 20)]
    for strict in (True, False):
        scorer = Scorer(card(absurd, NPS, weights=lopsided), "card", strict=strict)
        account = scorer.create("acme")
        scorer.apply(account, event("use.read", DAWN, event_id="1", value=0.7), DAWN)
        if strict:
            with pytest.raises(ReceiptMismatch):
                [scorer.apply(account, read, DAWN) for read in sane]
        else:
            assert sum(scorer.apply(account, read, DAWN).mismatches for read in sane) > 0


def change_of(before: float, after: float, **event_points: float) -> Change:
    """The change of an account whose metrics `use` and `nps` were posted these points by events."""
    account = Scorer(card(USE, NPS), "card").create("acme")
    account.change = Ledger(0.0, before)
    for metric in account.metrics:
        metric.change.post(EVENT, event_points.get(metric.name, 0.0))
    return receipts.change(account, (), after)


def test_what_very_many_steps_were_rounded_by_is_the_largest_parts() -> None:
    change = change_of(50.0, 80.0, use=40.0 - 3e-8, nps=-10.0)
    assert [part.metric for part in change.parts] == ["use", "nps"]
    assert abs(change.before + sum(part.points for part in change.parts) - change.after) < 1e-12


def test_more_than_rounding_is_nobodys() -> None:
    assert [part.points for part in change_of(50.0, 80.0, use=29.0).parts] == [29.0]
