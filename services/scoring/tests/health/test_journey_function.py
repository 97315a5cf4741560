"""Stages and what the journey tells are a function of the records; each turn comes at its very second."""

from datetime import date, datetime, timedelta
from math import ceil, inf
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import scoring.health.applying
import scoring.health.scorer
from common.contracts.signals import Signal
from scoring.core_form import core_form
from scoring.health.account import Account
from scoring.health.context import STAGES
from scoring.health.scorer import Scorer
from support.examples import examples
from support.journeys import JOURNEY, ONBOARDING_DAYS, Traveller, journey_card, on
from support.random_cases import RandomCase, played
from support.random_journeys import journey_cases
from support.scripted_account import DAWN, DAY

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
_YEARS = 3 * 365 * DAY
_LOOKS = st.sampled_from([0, 0, 900])


def restored(scorer: Scorer, account: Account) -> Account:
    return scorer.load(account.account_id, scorer.dump(account))


@settings(_RELAXED, max_examples=examples(250))
@given(journey_cases(), _LOOKS, st.data())
def test_restarts_and_looks_change_nothing(case: RandomCase, seconds: int, data: st.DataObject) -> None:
    scorer = Scorer(case.card, "card", first_look_seconds=seconds)
    one, other = scorer.create("acme"), scorer.create("acme")
    for moment in case.moments:
        if data.draw(st.booleans()):
            other = restored(scorer, other)
        assert scorer.apply(one, moment.event, moment.at) == scorer.apply(other, moment.event, moment.at)
        assert scorer.dump(one) == scorer.dump(other)
        assert scorer.find_due(one) == scorer.find_due(restored(scorer, other))
        if data.draw(st.booleans()):
            scorer.view(other, other.clock + data.draw(st.sampled_from([0.0, 3.0, 1e4, 1e7])))
    assert scorer.advance(one, one.clock + _YEARS) == scorer.advance(restored(scorer, other), other.clock + _YEARS)
    assert scorer.dump(one) == scorer.dump(restored(scorer, one))


@pytest.mark.skipif(core_form() == "compiled", reason="a compiled module does not look up what is patched")
@settings(_RELAXED, max_examples=examples(200))
@given(journey_cases())
def test_an_event_applied_by_what_it_moves_alone_does_what_a_full_evaluation_does(case: RandomCase) -> None:
    scorer = Scorer(case.card, "card")
    one, other = scorer.create("acme"), scorer.create("acme")
    for moment in case.moments:
        step = scorer.apply(one, moment.event, moment.at)
        with pytest.MonkeyPatch.context() as patch:
            for module in (scoring.health.scorer, scoring.health.applying):
                patch.setattr(module, "try_incremental", lambda *_: False)
            assert scorer.apply(other, moment.event, moment.at) == step
        assert scorer.dump(one) == scorer.dump(other)
    assert scorer.advance(one, one.clock + _YEARS) == scorer.advance(other, other.clock + _YEARS)


@settings(_RELAXED, max_examples=examples(150))
@given(journey_cases(), st.lists(st.sampled_from([1.0, 7.5, 1e4, 5e5, 1e7]), min_size=1, max_size=4))
def test_it_does_not_matter_in_how_many_steps_time_passes(case: RandomCase, waits: list[float]) -> None:
    scorer = Scorer(case.card, "card")
    account, _ = played(scorer, case.moments)
    once, found, at = restored(scorer, account), list[Signal](), account.clock
    for wait in waits:
        at += wait
        seen = scorer.view(account, at)
        found += scorer.advance(account, at).signals
        assert scorer.view(account, at) == seen
    assert tuple(found) == scorer.advance(once, at).signals
    assert scorer.dump(once) == scorer.dump(account)


@settings(_RELAXED, max_examples=examples(150))
@given(journey_cases(), st.data())
def test_the_journey_turns_at_due_moments_alone(case: RandomCase, data: st.DataObject) -> None:
    """At no second between two of them is anything of it another one, and at none of them has it been before."""
    scorer = Scorer(case.card, "card", request_seconds=None)
    account, _ = played(scorer, case.moments)
    scorer.close_request(account)
    for _ in range(6):
        due = scorer.find_due(account)
        now = ready_and_stage(scorer, account, account.clock)
        last = account.clock + 400 * DAY if due is None else due - 1.0
        if last > account.clock:
            between = data.draw(st.floats(account.clock, last))
            # A second is whole: what turned within it is seen at the next one.
            assert ready_and_stage(scorer, account, float(int(between))) == now or between < account.clock + 1
            assert ready_and_stage(scorer, account, last) == now
        if due is None:
            return
        scorer.advance(account, float(due))


def ready_and_stage(scorer: Scorer, account: Account, at: float) -> tuple[bool, int, bool]:
    """By evaluating at that moment a copy that knows of no due moments."""
    copy = restored(scorer, account)
    at = max(at, copy.clock)
    copy.horizon.wake = inf
    scorer.health(copy, at)
    dates, readiness = copy.context.stage_dates, copy.readiness
    if readiness is not None:
        readiness.seek(copy.context.clock.operational(at))
    return readiness is not None and readiness.available, dates.stage_at(at), at >= dates.window


_ENDS = st.integers(-30, 500)


@settings(_RELAXED, max_examples=examples(200))
@given(st.none() | st.integers(-400, 120), st.none() | _ENDS, st.sampled_from(["Asia/Tokyo", "America/New_York"]))
def test_a_stage_by_dates_is_what_the_calendar_says(starts: int | None, ends: int | None, zone: str) -> None:
    """An oracle with dates alone, asked at the second before each turn and at it."""
    account = Traveller(journey_card(JOURNEY))
    account.does("session.started", 0, user_id="ann")
    account.signs(0, starts=starts, ends=ends)
    account.does("account.updated", 0, time_zone=zone)
    turns = [each for each in turning_seconds(starts, ends, zone) if DAWN < each < DAWN + 600 * DAY]
    for second in [each + offset for each in turns for offset in (-1, 0)]:
        found = account.scorer.view(account.account, second).journey
        assert found.stage == stage_by_calendar(second, starts, ends, zone), second


def begin_of(day: date, zone: str) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp()


def turning_seconds(starts: int | None, ends: int | None, zone: str) -> list[int]:
    new = DAWN if starts is None or begin_of(on(starts), zone) > DAWN + 90 * DAY else begin_of(on(starts), zone)
    found = [ceil(new + ONBOARDING_DAYS * DAY)]
    if ends is not None:
        found += [ceil(begin_of(on(ends) + timedelta(days=days), zone)) for days in (-89, 1)]
    return found


def stage_by_calendar(second: float, starts: int | None, ends: int | None, zone: str) -> str:
    new_until, *renewal = turning_seconds(starts, ends, zone)
    long_enough = ends is not None and (starts is None or on(starts) < on(ends) - timedelta(days=89))
    if long_enough and second >= renewal[0]:
        return "renewal"
    return "onboarding" if second < new_until else STAGES[1]
