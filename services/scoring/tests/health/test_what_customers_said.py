"""What a signal quotes of the event that caused it, and when that happened: however late it is told."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.catalogue.events import STANDARD_EVENTS
from common.contracts.quotable import LONGEST_QUOTE, MOST_QUOTES, QUOTABLE
from common.contracts.signals import Facts, Signal
from scoring.health.card import Flag, When
from scoring.health.metrics.definition import Knots
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone
from scoring.health.metrics.silence.definition import Silence
from scoring.health.quotes import causing_event
from scoring.health.view import Step
from support.random_cases import event
from support.scripted_account import DAWN, IDENTITY, MOOD, ScriptedAccount, card, told

CANCEL = Flag(name="cancel", cap=10, events=("contract.cancel_requested",))
ANSWERS = Gauge(name="mood", dimension="engagement", events=("nps.answered",), curves={"default": IDENTITY})


def only(step: Step) -> Signal:
    (signal,) = step.signals
    return signal


def said(signal: Signal) -> dict[str, Any]:
    return {quote.name: quote.value for quote in signal.said}


def day(number: float) -> datetime:
    return datetime(2024, 1, 10, tzinfo=UTC) + timedelta(days=number)


def test_a_cancellation_quotes_its_reason_and_who_asked() -> None:
    script = ScriptedAccount(card(MOOD, flags=(CANCEL,)))
    script.does("mood.read", 0, value=90)
    flag = only(script.does("contract.cancel_requested", 3, late=2, reason="budget", requested_by="Ann", user_id="u1"))
    assert said(flag) == {"reason": "budget", "requested_by": "Ann", "user_id": "u1"}
    # When it happened, not when it was recorded.
    assert (flag.happened_at, flag.since) == (day(1), day(3))


def test_what_is_confirmed_later_quotes_what_crossed() -> None:
    script = ScriptedAccount(card(ANSWERS))
    script.does("nps.answered", 0, value=72)
    assert told(script.does("nps.answered", 1, value=69, score=3, comment="too slow", user_id="ann")) == []
    assert told(script.does("nps.answered", 2, value=68, score=2, comment="still too slow", user_id="bob")) == []
    band = only(script.waits(9))
    assert (band.cause, said(band)) == (("web", "e2"), {"score": 3.0, "comment": "too slow", "user_id": "ann"})
    assert (band.happened_at, band.at) == (day(1), day(3))


def test_what_waits_survives_a_restart_and_is_forgotten_when_it_is_told() -> None:
    script = ScriptedAccount(card(ANSWERS))
    script.does("nps.answered", 0, value=72)
    script.does("nps.answered", 1, value=69, score=3, comment="too slow")
    waiting = script.scorer.dump(script.account)
    assert b"too slow" in waiting
    script.account = script.scorer.load("acme", waiting)
    assert script.scorer.dump(script.account) == waiting
    assert said(only(script.waits(9))) == {"score": 3.0, "comment": "too slow"}
    assert b"too slow" not in script.scorer.dump(script.account)


def test_what_was_crossed_back_is_forgotten() -> None:
    script = ScriptedAccount(card(ANSWERS))
    script.does("nps.answered", 0, value=72)
    script.does("nps.answered", 1, value=69, comment="too slow")
    script.does("nps.answered", 2, value=75)
    assert b"too slow" not in script.scorer.dump(script.account)


def test_a_request_quotes_the_event_that_crossed_and_not_its_last() -> None:
    script = ScriptedAccount(card(MOOD, flags=(CANCEL,)))
    script.does("mood.read", 0, value=90)
    script.does("contract.cancel_requested", 1, more=True, reason="budget")
    assert b"budget" in script.scorer.dump(script.account)
    script.account = script.scorer.load("acme", script.scorer.dump(script.account))
    flag = only(script.does("ticket.opened", 1, subject="Export fails"))
    assert (said(flag), flag.happened_at) == ({"reason": "budget"}, day(1))
    assert b"budget" not in script.scorer.dump(script.account)


def test_an_outcome_of_a_request_quotes_its_own_event() -> None:
    script = ScriptedAccount(card(MOOD))
    script.does("mood.read", 0, value=90)
    script.does("account.updated", 0.5, arr=100.0, seats=20)
    script.does("contract.renewed", 1, more=True, arr=90.0, seats=14)
    renewed = only(script.does("contract.changed", 1, seats=10))
    assert said(renewed) == {"seats_before": 20.0, "seats": 14.0, "arr_before": 100.0, "arr": 90.0}


def test_a_derived_flag_that_waits_quotes_the_event_that_raised_it() -> None:
    low = Flag(name="low", cap=96, when=When(metric="mood", op="<=", value=98))
    script = ScriptedAccount(card(ANSWERS, flags=(low,)))
    script.does("nps.answered", 0, value=100)
    assert told(script.does("nps.answered", 1, value=98, comment="hm")) == []
    assert said(only(script.waits(9))) == {"comment": "hm"}


def test_seats_are_quoted_as_they_were_and_as_they_are() -> None:
    people = Distinct(
        name="people", dimension="adoption", events=("login",), key="user_id", half_life=1e6, of="seats",
        curves={"default": ((0.1, 100), (0.9, 0))},
    )  # fmt: skip
    script = ScriptedAccount(card(people))
    script.does("account.updated", 0, seats=40)
    for number in range(8):
        script.does("login", 0.1, user_id=f"u{number}")
    band = only(script.does("contract.changed", 1, seats=10))
    assert said(band) == {"seats_before": 40.0, "seats": 10.0}


def test_silence_said_nothing() -> None:
    curves: dict[str, Knots] = {"default": ((0.0, 90.0), (3.0, 0.0))}
    signs = Silence(name="signs", events=("login",), prior_gap=1, dimension="adoption", curves=curves)
    script = ScriptedAccount(card(signs))
    script.does("login", 0, reason="x")
    signals = script.waits(60).signals
    assert signals
    assert {(signal.said, signal.happened_at) for signal in signals} == {((), None)}


def test_a_step_that_its_own_plan_made_late_happened_when_it_was_planned() -> None:
    steps = Milestone(name="steps", dimension="adoption", planned=True)
    script = ScriptedAccount(card(MOOD, steps))
    script.does("mood.read", 0, value=100)
    missed = script.does("milestone.planned", 3, late=1, step="kickoff", due="2024-01-09").signals[0]
    assert (missed.happened_at, missed.said) == (day(2), ())


def test_of_other_events_nothing_is_quoted() -> None:
    secret = Flag(name="secret", cap=10, events=("form.sent",))
    script = ScriptedAccount(card(MOOD, flags=(secret,)))
    script.does("mood.read", 0, value=100)
    flag = only(script.does("form.sent", 1, reason="private", comment="private", user_id="ann"))
    assert (flag.said, flag.happened_at) == ((), day(1))


@pytest.mark.parametrize("name", sorted(QUOTABLE))
def test_what_may_be_quoted_is_in_the_event_catalogue(name: str) -> None:
    known = {each.name for each in STANDARD_EVENTS[name].properties}
    assert set(QUOTABLE[name]) <= known


ANYTHING = st.one_of(
    st.text(max_size=900), st.floats(), st.integers(), st.booleans(), st.none(), st.lists(st.text(), max_size=2)
)


@given(st.sampled_from(sorted(QUOTABLE)), st.data())
def test_quotes_are_bounded_and_of_plain_types_whatever_is_posted(name: str, data: st.DataObject) -> None:
    properties = {each: data.draw(ANYTHING) for each in QUOTABLE[name]}
    posted = event(name, DAWN, user_id=data.draw(st.none() | st.text(max_size=900)), **properties)
    found = causing_event(posted, DAWN, Facts(seats=1.0, arr=2.0), Facts(seats=3.0, arr=4.0))
    assert len(found.said) <= MOST_QUOTES
    for quoted, value in found.said:
        assert isinstance(value, str | float | bool)
        assert not isinstance(value, str) or 0 < len(value) <= LONGEST_QUOTE
        assert quoted in ("user_id", *QUOTABLE[name]) or quoted.removesuffix("_before") in ("seats", "arr")
