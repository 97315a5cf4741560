"""Days on which an account is closed: told beforehand or afterwards, taken back, forgotten. A weekend day is 0.03."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import scoring.health.scorer
from common.contracts.events import Event
from common.contracts.signals import Kind
from scoring.core_form import core_form
from scoring.health.calendar.definition import CalendarRules, CountryDays
from scoring.health.card import Card, Flag, When
from scoring.health.metrics.definition import Knots
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.silence.definition import Silence
from scoring.health.moments import day_number, to_date, to_datetime
from scoring.health.scorer import Scorer
from scoring.health.transitions import would_change_at
from scoring.health.view import Step
from support.examples import examples
from support.random_cases import Moment, RandomCase, event, random_cases
from support.scripted_account import DAWN, DAY, SLIDE, ScriptedAccount, card, told

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
RULES = CalendarRules(profile="business", holidays="none")
PHI: dict[str, Knots] = {"default": ((1.0, 100.0), (3.0, 0.0))}
QUIET = Silence(name="silence", dimension="engagement", events=("session.started",), prior_gap=1.5, curves=PHI)
GONE = Flag(name="gone_quiet", cap=35, when=When(metric="silence", op=">=", value=3.0))


def scripted(told_by: Card, rules: CalendarRules | None = RULES) -> ScriptedAccount:
    return ScriptedAccount(told_by if rules is None else replace(told_by, clock=rules))


def day_of(day: float) -> str:
    """Days count from DAWN, a Wednesday."""
    return to_date(day_number(to_datetime(DAWN).date()) + int(day)).isoformat()


def away(script: ScriptedAccount, at: float, first: float, last: float, **more: Any) -> Step:
    days: dict[str, Any] = {"from": day_of(first), "until": day_of(last)}
    return script.does("account.away", at, **days, **more)


def retraction(event_id: str, *, by: str, at: float) -> Event:
    return replace(event("event.retracted", at, event_id=by), properties={"event_id": event_id})


def works(script: ScriptedAccount, first: int, last: int) -> None:
    """On every working day."""
    for day in range(first, last):
        if (day + 2) % 7 < 5:
            script.does("session.started", day + 0.4, user_id="ann")


def test_a_closure_that_was_told_is_no_silence() -> None:
    for tells in (True, False):
        script = scripted(card(QUIET, flags=(GONE,)))
        works(script, 0, 30)
        if tells:
            away(script, 29.6, 33, 46)
        signals = script.waits(47).signals
        assert [signal.to for signal in signals if signal.kind is Kind.FLAG] == ([] if tells else ["gone_quiet"])


def test_a_closure_told_afterwards_moves_the_score_at_its_own_record() -> None:
    script = scripted(card(QUIET, flags=(GONE,)))
    works(script, 0, 30)
    assert "flag gone_quiet" in told(script.waits(50))
    before = script.score(50)
    step = away(script, 50.25, 30, 48)
    assert told(step) == ["band green"]
    (signal,) = step.signals
    assert (signal.at, signal.cause) == (to_datetime(DAWN + 50.25 * DAY), ("web", f"e{script._events}"))
    assert before == 0.0 < 75.0 < script.score(50.25)
    # All that it moved is put down to the event.
    change = signal.receipt.change
    (mover,) = change.events
    assert (mover.name, mover.points) == ("account.away", script.score(50.25))
    assert sum(part.points for part in change.parts if part.points > 0.0) >= mover.points


def test_a_closure_is_taken_back() -> None:
    script, never = (scripted(card(QUIET, flags=(GONE,))) for _ in range(2))
    for each in (script, never):
        works(each, 0, 30)
    away(script, 31.5, 33, 46)
    assert script.score(40) > never.score(40)
    taken = retraction(f"e{script._events}", by="back", at=DAWN + 32 * DAY)
    script.scorer.apply(script.account, taken, DAWN + 32 * DAY)
    assert script.score(40) == never.score(40)
    assert told(script.waits(47)) == told(never.waits(47))


def test_facts_and_events_add_up_and_their_order_does_not_matter() -> None:
    spans = [(33, 34), (40, 46), (35, 38)]
    scores = set()
    for seed in range(4):
        script = scripted(card(QUIET))
        works(script, 0, 30)
        order = list(spans)
        Random(seed).shuffle(order)
        for first, last in order:
            if first == 40:
                script.does("account.updated", 31, away=[{"from": day_of(first), "until": day_of(last)}])
            else:
                away(script, 31, first, last)
        scores.add(script.score(48))
        assert [to_date(day).isoformat() for days in script.account.away.days for day in days] == [
            day_of(day) for span in sorted(spans) for day in span
        ]
    assert len(scores) == 1


def test_the_same_event_once_more_adds_nothing() -> None:
    script = scripted(card(QUIET))
    days: dict[str, Any] = {"from": day_of(3), "until": day_of(9)}
    for at in (1.0, 40.0):
        happened = event("account.away", DAWN + at * DAY, event_id="away-DE", **days)
        script.scorer.apply(script.account, happened, DAWN + at * DAY)
    assert len(script.account.away.days) == 1


@pytest.mark.parametrize(
    "properties",
    [{}, {"from": "2024-01-20"}, {"from": 3, "until": "2024-01-20"}, {"from": "2024-01-20", "until": "2024-01-19"}],
)
def test_days_that_cannot_be_read_change_nothing(properties: dict[str, Any]) -> None:
    script = scripted(card(QUIET))
    script.does("account.away", 1, **properties)
    assert list(script.account.away.days) == []


def test_of_more_than_32_closures_those_that_ended_first_are_forgotten() -> None:
    script = scripted(card(QUIET))
    script.does("session.started", 0)
    for first in range(40, 0, -1):
        away(script, 1, 10 * first, 10 * first + 3)
    first_days = [to_date(first).isoformat() for first, _ in script.account.away.days]
    assert first_days == [day_of(10 * first) for first in range(9, 41)]


def test_a_closure_of_two_years_ago_is_forgotten_when_another_one_comes() -> None:
    script = scripted(card(QUIET))
    script.does("session.started", 0)
    away(script, 0, 3, 9)
    away(script, 9 + 731, 800, 801)
    assert len(script.account.away.days) == 2
    away(script, 9 + 732, 810, 811)
    assert [to_date(first).isoformat() for first, _ in script.account.away.days] == [day_of(800), day_of(810)]


def test_without_a_clock_in_the_card_a_closure_changes_nothing() -> None:
    script = scripted(card(QUIET), rules=None)
    works(script, 0, 30)
    before = script.score(46)
    away(script, 31, 33, 46)
    assert script.score(46) == before


def test_who_comes_on_weekends_only_is_not_taken_to_be_silent() -> None:
    weekends, always = (scripted(card(QUIET, flags=(GONE,)), rules) for rules in (RULES, None))
    for script in (weekends, always):
        worst = 100.0
        for day in range(120):
            if (day + 2) % 7 >= 5:
                worst = min(worst, script.score(day + 0.5)) if day > 20 else worst
                assert not any("gone_quiet" in each for each in told(script.does("session.started", day + 0.5)))
        # Green throughout.
        assert worst > 80.0


def test_the_time_zone_says_when_a_closed_day_begins() -> None:
    """A closed day takes next to nothing, so what fades stands still from midnight to midnight in Auckland."""
    script = scripted(card(SLIDE))
    script.does("account.updated", 0, time_zone="Pacific/Auckland")
    script.does("mood.read", 0.1, value=100)
    away(script, 0.2, 6, 6)
    begins = 6 - 13 / 24
    lost = [script.score(begins + hours / 24) - script.score(begins + (hours + 1) / 24) for hours in (-1, 0, 23, 24)]
    assert [round(each, 3) for each in lost] == [0.058, 0.001, 0.001, 0.058]


def test_members_are_counted_anew_when_a_closure_of_the_past_is_told() -> None:
    """When each was seen last is known, so it does not matter that the closure was told after they came back."""
    seats = Distinct(
        name="seats", dimension="deployment", events=("session.started",), key="user_id", half_life=5.0,
        curves={"default": ((0.1, 0.0), (9.0, 100.0))},
    )  # fmt: skip
    values = []
    for tells_at in (10, 31):
        script = scripted(card(seats))
        for at, who in ((1, "ann"), (2, "bob"), (10, "cem"), (30, "dan"), (31, "eve")):
            if tells_at == at:
                away(script, at, 12, 26)
            script.does("session.started", at + 0.5, user_id=who)
        values.append(script.value("seats", 32))
    assert values[0] == pytest.approx(values[1], abs=1e-12)


def test_a_state_is_read_by_another_clock() -> None:
    script = scripted(card(QUIET), rules=None)
    works(script, 0, 30)
    away(script, 31, 33, 46)
    other = scripted(card(QUIET))
    works(other, 0, 30)
    away(other, 31, 33, 46)
    loaded = other.scorer.load("acme", script.scorer.dump(script.account))
    read = other.scorer.view(loaded, DAWN + 50 * DAY).health.score
    assert read == pytest.approx(other.score(50), abs=1e-9)


# --- Whatever happens -----------------------------------------------------------------------------------------------

HOLIDAYS = [day_number(to_datetime(DAWN).date()) - 57 + days for days in (0, 1, 2, 5, 9, 30, 40)]
COUNTRIES = {
    "DE": CountryDays(frozenset({5, 6}), frozenset(HOLIDAYS)),
    "SA": CountryDays(frozenset({4, 5}), frozenset()),
}
FACTS: Sequence[dict[str, Any]] = (
    {"country": "DE"}, {"country": "SA"}, {"country": "XX"}, {"country": None},
    {"time_zone": "Pacific/Auckland"}, {"away": [{"from": "2023-11-20", "until": "2023-12-02"}]}, {"away": []},
)  # fmt: skip


@st.composite
def closed_cases(draw: st.DrawFn) -> RandomCase:
    """Half of all events are followed by one that changes the account's clock."""
    case = draw(random_cases(most=8))
    moments: list[Moment] = []
    for index, moment in enumerate(case.moments):
        moments.append(moment)
        if draw(st.booleans()):
            first = draw(st.integers(-20, 40))
            span = {
                "from": (moment.event.time + timedelta(first)).date().isoformat(),
                "until": (moment.event.time + timedelta(first + draw(st.integers(0, 15)))).date().isoformat(),
            }
            name, said = draw(st.sampled_from([("account.away", span), *[("account.updated", each) for each in FACTS]]))
            moments.append(Moment(event(name, moment.at, event_id=f"clock{index}", **said), moment.at))
        if draw(st.integers(0, 5)) == 0:
            taken = retraction(f"clock{index}", by=f"back{index}", at=moment.at)
            moments.append(Moment(taken, moment.at))
    return replace(case, moments=tuple(moments), card=replace(case.card, clock=replace(RULES, holidays="account")))


@pytest.mark.skipif(core_form() == "compiled", reason="a compiled module does not look up what is patched")
@settings(_RELAXED, max_examples=examples(200))
@given(closed_cases())
def test_under_a_clock_that_changes_a_state_is_a_function_of_its_records(case: RandomCase) -> None:
    """Receipts add up, or the scorer raises. A load changes no byte, and neither does a full evaluation."""
    scorer = Scorer(case.card, "card", calendars=COUNTRIES.get)
    one, other = scorer.create("acme"), scorer.create("acme")
    for moment in case.moments:
        step = scorer.apply(one, moment.event, moment.at)
        other = scorer.load("acme", scorer.dump(other))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(scoring.health.scorer, "try_incremental", lambda *_: False)
            assert scorer.apply(other, moment.event, moment.at) == step
        assert scorer.dump(one) == scorer.dump(other)
    late = one.clock + 400 * DAY
    assert scorer.advance(one, late) == scorer.advance(scorer.load("acme", scorer.dump(other)), late)


@settings(_RELAXED, max_examples=examples(150))
@given(closed_cases())
def test_under_a_calendar_silence_crosses_at_the_first_second_at_which_it_does(case: RandomCase) -> None:
    """Looked for second by second: the first and last ones, those around each midnight, and many between."""
    scorer = Scorer(case.card, "card", calendars=COUNTRIES.get)
    account = scorer.create("acme")
    for moment in case.moments:
        scorer.apply(account, moment.event, moment.at)
    for _ in range(3):
        due = scorer.find_due(account)
        loaded = scorer.load("acme", scorer.dump(account))
        begin, end = int(account.clock), int(account.clock) + 200 * int(DAY) if due is None else due
        tried = {*range(begin + 1, begin + 200), *range(end - 200, end + 1)}
        for midnight in range(begin // int(DAY), begin // int(DAY) + 60):
            tried.update(range(midnight * int(DAY) - 2, midnight * int(DAY) + 3))
        tried.update(begin + (end - begin) * step // 97 for step in range(97))
        for second in sorted(each for each in tried if begin < each <= end):
            tau = loaded.context.clock.operational(float(second))
            changes = would_change_at(loaded, loaded.state, tau) or second in (
                loaded.closes_at,
                loaded.context.stage_ends,
            )
            assert changes == (second == due), (second, due)
        if due is None:
            return
        scorer.advance(account, due)
