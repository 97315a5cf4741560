"""States, signals and receipts are a function of the records, not of how events are applied, or of reads and timers."""

from collections.abc import Sequence
from itertools import pairwise
from math import floor, inf
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import astuple, replace

import scoring.health.applying
import scoring.health.scorer
from common.contracts.signals import Change
from scoring.core_form import core_form
from scoring.health.account import Account
from scoring.health.card import Card
from scoring.health.evaluation import snapshot_at
from scoring.health.incremental import try_incremental
from scoring.health.metrics.active_days.definition import ActiveDays
from scoring.health.moments import LAST
from scoring.health.scorer import Scorer
from scoring.health.view import Day, Step, Summary
from support.examples import examples
from support.random_cases import KINDS, START, Moment, RandomCase, cards, event, moment_sequences, played, random_cases

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
_YEAR = 365 * 86_400.0


def restored(scorer: Scorer, account: Account) -> Account:
    return scorer.load(account.account_id, scorer.dump(account))


@settings(_RELAXED, max_examples=examples(250))
@given(random_cases(), st.data())
def test_a_restored_account_goes_on_as_if_nothing_was(case: RandomCase, data: st.DataObject) -> None:
    scorer = Scorer(case.card, "card")
    one, other = scorer.create("acme"), scorer.create("acme")
    for moment in case.moments:
        if data.draw(st.booleans()):
            other = restored(scorer, other)
        assert scorer.apply(one, moment.event, moment.at) == scorer.apply(other, moment.event, moment.at)
        assert scorer.dump(one) == scorer.dump(other)
        if data.draw(st.booleans()):
            assert scorer.find_due(one) == scorer.find_due(other)
        assert scorer.dump(restored(scorer, other)) == scorer.dump(other)
    late = one.clock + data.draw(st.sampled_from([3.0, 1e4, 1e7]))
    assert scorer.advance(one, late) == scorer.advance(restored(scorer, other), late)


@pytest.mark.skipif(core_form() == "compiled", reason="a compiled module does not look up what is patched")
@settings(_RELAXED, max_examples=examples(400))
@given(random_cases())
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
    assert scorer.advance(one, one.clock + _YEAR) == scorer.advance(other, other.clock + _YEAR)
    assert scorer.dump(one) == scorer.dump(other)


@settings(_RELAXED, max_examples=examples(200))
@given(random_cases())
def test_it_does_not_matter_where_a_horizon_begins(case: RandomCase) -> None:
    """One begins anew at every event."""
    scorer = Scorer(case.card, "card")
    one, other = scorer.create("acme"), scorer.create("acme")
    for moment in case.moments:
        other.horizon.incremental_until = -inf
        assert scorer.apply(one, moment.event, moment.at) == scorer.apply(other, moment.event, moment.at)
        assert scorer.dump(one) == scorer.dump(other)
    assert scorer.advance(one, one.clock + _YEAR) == scorer.advance(other, other.clock + _YEAR)
    assert scorer.dump(one) == scorer.dump(other)


@settings(_RELAXED, max_examples=examples(300))
@given(random_cases(most=20))
def test_an_event_that_cannot_be_applied_by_what_it_moves_alone_is_taken_back(case: RandomCase) -> None:
    """The horizon is said to be far away, so that more events are tried."""
    scorer = Scorer(case.card, "card")
    account = scorer.create("acme")
    for moment in case.moments:
        at, event, tried = max(moment.at, account.clock), moment.event, restored(scorer, account)
        body = scorer.dump(tried)
        tried.horizon.incremental_until = inf
        if not try_incremental(tried, event, at, min(event.time.timestamp(), at), tried.model.reaction(event.name)):
            assert scorer.dump(tried) == body
            assert snapshot_at(tried, at).points == snapshot_at(restored(scorer, account), at).points
        scorer.apply(account, event, moment.at)


@settings(_RELAXED, max_examples=examples(250))
@given(random_cases(), st.data())
def test_no_timer_is_later_than_what_is_due(case: RandomCase, data: st.DataObject) -> None:
    scorer = Scorer(case.card, "card")
    account, stored = scorer.create("acme"), None
    for moment in case.moments:
        scorer.apply(account, moment.event, moment.at)
        if data.draw(st.booleans()):
            due = scorer.find_due(restored(scorer, account))
            now = account.clock
            if due is not None:
                now = data.draw(st.floats(now, max(now, due), exclude_max=due > now))
            stored = scorer.choose_timer(account, stored, now)
            assert due is None or (stored is not None and now < stored <= due)


@settings(_RELAXED, max_examples=examples(100))
@given(random_cases(), st.floats(0, 1, exclude_min=True))
def test_a_stored_timer_stays_while_it_holds(case: RandomCase, share: float) -> None:
    """That is up to the end of the horizon, before which nothing is due. One after the due moment is replaced."""
    scorer = Scorer(case.card, "card")
    account, _ = played(scorer, case.moments)
    begin, wake = floor(account.clock), account.wake
    assume(begin + 1 <= wake <= LAST)
    holds = begin + max(floor(share * (wake - begin)), 1)
    assert scorer.choose_timer(account, holds, account.clock) == holds
    due = scorer.find_due(restored(scorer, account))
    late = (floor(wake) if due is None else due) + 1
    found = scorer.choose_timer(account, late, account.clock)
    assert due is None or (found is not None and account.clock < found <= due)
    assert due is None or holds <= due


@settings(_RELAXED, max_examples=examples(200))
@given(random_cases(), st.lists(st.sampled_from([0.0, 0.3, 20.0, 86_400.0, 4e7]), min_size=1, max_size=4))
def test_looking_changes_nothing(case: RandomCase, ages: Sequence[float]) -> None:
    scorer = Scorer(case.card, "card")
    unseen, seen = scorer.create("acme"), scorer.create("acme")
    for moment in case.moments:
        step = scorer.apply(unseen, moment.event, moment.at)
        assert scorer.apply(seen, moment.event, moment.at) == step
        for age in ages:
            view = scorer.view(seen, seen.clock + age)
            assert view.health == scorer.health(seen, seen.clock + age)
            assert view.level == scorer.level(seen, seen.clock + age)
            summary = scorer.summary(seen, seen.clock + age, ahead=True)
            assert [getattr(view, name) for name in Summary.__struct_fields__] == list(astuple(summary))
            assert scorer.summary(seen, seen.clock + age, ahead=False) == replace(summary, forecast=None)
        assert scorer.dump(seen) == scorer.dump(unseen)


@settings(_RELAXED, max_examples=examples(200))
@given(random_cases(), st.sampled_from([10.0, 5e3, 3e6]))
def test_a_look_reads_what_would_come_by_then(case: RandomCase, age: float) -> None:
    scorer = Scorer(case.card, "card")
    account, _ = played(scorer, case.moments)
    at = account.clock + age
    seen = scorer.view(account, at)
    scorer.advance(account, at)
    assert scorer.view(account, at) == seen
    assert account.band is seen.health.band


@settings(_RELAXED, max_examples=examples(200))
@given(
    random_cases(), st.lists(st.floats(0, 1), min_size=1, max_size=8).map(sorted), st.sampled_from([500.0, 1e5, 2e7])
)
def test_one_long_advance_is_many_short_ones(case: RandomCase, stops: Sequence[float], length: float) -> None:
    scorer = Scorer(case.card, "card")
    once, _ = played(scorer, case.moments)
    often, _ = played(scorer, case.moments)
    begin = once.clock
    steps = [scorer.advance(often, begin + stop * length) for stop in [*stops, 1.0]]
    whole = scorer.advance(once, begin + length)
    assert whole == joined(steps)
    assert scorer.dump(once) == scorer.dump(often)
    assert scorer.find_due(once) == scorer.find_due(often)


def joined(steps: Sequence[Step]) -> Step:
    return Step(
        signals=tuple(signal for step in steps for signal in step.signals),
        days=tuple(day for step in steps for day in step.days),
        months=tuple(month for step in steps for month in step.months),
        changes=tuple(change for step in steps for change in step.changes),
    )


@settings(_RELAXED, max_examples=examples(200))
@given(random_cases(), st.floats(0, 1))
def test_a_timer_that_finds_nothing_leaves_no_trace(case: RandomCase, share: float) -> None:
    scorer = Scorer(case.card, "card")
    account, _ = played(scorer, case.moments)
    due, body = scorer.find_due(account), scorer.dump(account)
    horizon = due if due is not None else floor(account.clock) + 1_000_000
    # A timer that should have fired long ago finds nothing either.
    early = floor(account.clock) - 3 + floor(share * (horizon - account.clock))
    assume(early < horizon)
    account = scorer.load("acme", body)
    assert scorer.advance(account, early) == Step()
    assert scorer.dump(account) == body
    assert scorer.find_due(account) == due


@settings(_RELAXED, max_examples=examples(300))
@given(random_cases())
def test_receipts_add_up_and_days_telescope(case: RandomCase) -> None:
    scorer = Scorer(case.card, "card")
    account = scorer.create("acme")
    score, days = None, list[Day]()
    for moment in case.moments:
        step = scorer.apply(account, moment.event, moment.at)
        if score is None:
            score = scorer.view(account, moment.at).level.score
        days += step.days
        check(scorer, account, step)
    days += scorer.advance(account, account.clock + _YEAR).days
    today = scorer.today(account)
    assert today is not None
    for early, late in pairwise([*days, today]):
        assert early.after == late.before
        assert early.day < late.day
        assert early.since <= late.since
    parts = [part.points for day in [*days, today] for part in day.parts]
    assert score is not None
    assert abs(score + sum(parts) - scorer.view(account, account.clock).level.score) < 1e-9


def check(scorer: Scorer, account: Account, step: Step) -> None:
    for signal in step.signals:
        level = signal.receipt.level
        assert abs(level.reference + sum(c.contribution for c in level.contributions) - level.score) < 1e-9
        assert signal.after.score == level.score
        adds_up(signal.receipt.change)
    for age in (0.0, 7.0, 1e6):
        view = scorer.view(account, account.clock + age)
        level = view.level
        assert abs(level.reference + sum(c.contribution for c in level.contributions) - level.score) < 1e-9
        adds_up(view.change)
        assert abs(view.change.after - level.score) < 1e-9
    for day in step.days:
        assert abs(day.before + sum(part.points for part in day.parts) - day.after) < 1e-9


def adds_up(change: Change) -> None:
    assert abs(change.before + sum(part.points for part in change.parts) - change.after) < 1e-9
    assert len(change.events) <= 3


@st.composite
def exact_cases(draw: st.DrawFn) -> RandomCase:
    """Cases without silence and trend: they alone care in which order active days come in.

    And with active days in one time zone: what day it was is decided by the zone that was known then.
    """
    unit = draw(st.sampled_from([1 / 86_400, 1.0]))
    kinds = tuple(kind for kind in KINDS if kind not in ("silence", "trend"))
    card, moments = draw(cards(unit, kinds)), draw(moment_sequences(unit))
    if any(isinstance(metric, ActiveDays) for metric in card.metrics):
        moments = tuple(in_one_zone(moment) for moment in moments)
    return RandomCase(card, moments, unit)


def in_one_zone(moment: Moment) -> Moment:
    properties = {name: value for name, value in moment.event.properties.items() if name != "time_zone"}
    return Moment(replace(moment.event, properties=properties), moment.at)


@settings(_RELAXED, max_examples=examples(250))
@given(exact_cases(), st.randoms(use_true_random=False))
def test_the_order_of_events_does_not_matter(case: RandomCase, random: Random) -> None:
    """All come in at one moment, as a backfill does. Only where two happened at one moment the log decides."""
    scorer = Scorer(case.card, "card")
    at = max(moment.at for moment in case.moments)
    moments = [Moment(moment.event, at) for moment in case.moments]
    straight, _ = played(scorer, moments)
    shuffled, _ = played(scorer, shuffle(moments, random))
    assert straight.facts == shuffled.facts
    for age in (0.0, 11.0, 1e5):
        one, other = (snapshot_at(account, at + age).points for account in (straight, shuffled))
        # A hair later, because rounding may tell them apart right at the least of evidence.
        after = snapshot_at(shuffled, at + age + 1e-5).points
        for p, q, r in zip(one, other, after, strict=True):
            assert alike(p, q) or (q is None and alike(p, r)) or p is None


def shuffle(moments: Sequence[Moment], random: Random) -> list[Moment]:
    """In another order, except events with the same time: these stay in the order of the log."""
    places = list(range(len(moments)))
    random.shuffle(places)
    happened = [min(moment.event.time.timestamp(), moment.at) for moment in moments]
    in_turn = {time: iter([m for m, at in zip(moments, happened, strict=True) if at == time]) for time in happened}
    return [next(in_turn[happened[place]]) for place in places]


def alike(p: float | None, q: float | None) -> bool:
    return p is q if p is None or q is None else abs(p - q) < 1e-6


@settings(_RELAXED, max_examples=examples(60))
@given(cards(1.0))
def test_events_that_nobody_expected_are_no_error(card: Card) -> None:
    scorer = Scorer(card, "card")
    account = scorer.create("acme")
    for index, (moment, at) in enumerate([(START, START), (-6.2e10, START), (START, START + 1e9)]):
        for name in (
            "a.done",
            "b.done",
            "milestone.planned",
            "account.updated",
            "contract.changed",
            "health.overridden",
        ):
            scorer.apply(account, event(name, moment, event_id=f"{name}{index}", **_HOSTILE), at)
    scorer.advance(account, START + 2e9)
    assert scorer.dump(restored(scorer, account)) == scorer.dump(account)


_HOSTILE: dict[str, Any] = {
    "step": ["x"],
    "due": "yesterday",
    "to": ["green"],
    "until": {"day": 1},
    "reason": 7,
    "value": float("nan"),
    "arr": float("-inf"),
    "weight": float("inf"),
    "stage": {},
    "seats": "",
    "contract_start": "2023-99-99",
    "time_zone": "../etc",
    "user_id": "\ud800",
    "feature": {"a": 1},
}
