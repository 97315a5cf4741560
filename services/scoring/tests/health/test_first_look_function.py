"""First looks are a function of the records and the ticks, whatever the batches, the crashes and the reads between."""

from collections.abc import Iterator
from itertools import pairwise
from math import floor

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import replace

import scoring.health.applying
import scoring.health.scorer
from common.contracts.signals import Kind, Status
from scoring.core_form import core_form
from scoring.health.account import Account
from scoring.health.card import Card
from scoring.health.request import REQUEST_SECONDS
from scoring.health.scorer import Scorer
from scoring.health.view import Day, Step
from support.examples import examples
from support.random_cases import Moment, RandomCase, random_cases

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
_LONG = 400 * 86_400.0


class Tick(Struct, frozen=True):
    at: float


class LookCase(Struct, frozen=True):
    """A log of one account: its records and the ticks that its partition read between them."""

    card: Card
    seconds: int
    log: tuple[Moment | Tick, ...]
    stream: bool

    def scorer(self) -> Scorer:
        closes = None if self.stream else REQUEST_SECONDS
        return Scorer(self.card, "card", request_seconds=closes, first_look_seconds=self.seconds)


@st.composite
def look_cases(draw: st.DrawFn) -> LookCase:
    """Half of the records are history; many of the first ones are, and facts that come before it."""
    case: RandomCase = draw(random_cases())
    log: list[Moment | Tick] = []
    imported = draw(st.integers(0, len(case.moments)))
    for place, moment in enumerate(case.moments):
        history = draw(st.integers(0, 4)) > 0 if place < imported else moment.event.history
        log.append(Moment(replace(moment.event, history=history), moment.at))
        if draw(st.booleans()):
            log.append(Tick(moment.at + draw(st.sampled_from([0.0, 0.4, 1.0, 61.0, 1_000.0]))))
    seconds = draw(st.sampled_from([1, 7, 900, 86_400]))
    return LookCase(case.card, seconds, tuple(log), draw(st.booleans()))


def records(log: tuple[Moment | Tick, ...]) -> Iterator[tuple[Moment | Tick, float]]:
    """With the time that the partition gives them: no record is before a tick that was read."""
    clock = 0.0
    for one in log:
        if isinstance(one, Tick):
            clock = max(clock, one.at)
        yield one, max(clock, one.at)


def read(scorer: Scorer, account: Account, one: Moment | Tick, at: float) -> Step:
    """As a partition does it: a tick wakes only whom it finds due."""
    if isinstance(one, Moment):
        return scorer.apply(account, one.event, at)
    due = scorer.find_due(account)
    return Step() if due is None or due > at else scorer.advance(account, at)


def restored(scorer: Scorer, account: Account) -> Account:
    return scorer.load(account.account_id, scorer.dump(account))


@settings(_RELAXED, max_examples=examples(300))
@given(look_cases(), st.data())
def test_a_restored_account_goes_on_as_if_nothing_was(case: LookCase, data: st.DataObject) -> None:
    scorer = case.scorer()
    one, other = scorer.create("acme"), scorer.create("acme")
    for record, at in records(case.log):
        if data.draw(st.booleans()):
            other = restored(scorer, other)
        assert read(scorer, one, record, at) == read(scorer, other, record, at)
        assert scorer.dump(one) == scorer.dump(other)
        assert scorer.find_due(restored(scorer, one)) == scorer.find_due(other)
        if data.draw(st.booleans()) and other.has_records:
            scorer.view(other, at + data.draw(st.sampled_from([0.0, 3.0, 1e4, 1e7])))
    assert scorer.advance(one, at + _LONG) == scorer.advance(restored(scorer, other), at + _LONG)
    assert scorer.dump(one) == scorer.dump(restored(scorer, one))


@pytest.mark.skipif(core_form() == "compiled", reason="a compiled module does not look up what is patched")
@settings(_RELAXED, max_examples=examples(200))
@given(look_cases())
def test_an_event_applied_by_what_it_moves_alone_does_what_a_full_evaluation_does(case: LookCase) -> None:
    scorer = case.scorer()
    one, other = scorer.create("acme"), scorer.create("acme")
    for record, at in records(case.log):
        step = read(scorer, one, record, at)
        with pytest.MonkeyPatch.context() as patch:
            for module in (scoring.health.scorer, scoring.health.applying):
                patch.setattr(module, "try_incremental", lambda *_: False)
            assert read(scorer, other, record, at) == step
        assert scorer.dump(one) == scorer.dump(other)


@settings(_RELAXED, max_examples=examples(200))
@given(look_cases(), st.data())
def test_a_timer_wakes_for_what_is_due_and_for_nothing_before(case: LookCase, data: st.DataObject) -> None:
    scorer = case.scorer()
    account, stored, now = scorer.create("acme"), None, 0.0
    for record, at in records(case.log):
        read(scorer, account, record, at)
        now = max(now, at)
        due, body = scorer.find_due(restored(scorer, account)), scorer.dump(account)
        stored = scorer.choose_timer(account, stored, now)
        if due is None or due <= now:
            continue
        assert stored is not None
        assert now < stored <= due
        early = data.draw(st.floats(now, due, exclude_max=True))
        assert scorer.advance(account, early) == Step()
        assert scorer.dump(account) == body
    if (due := scorer.find_due(account)) is not None:
        body = scorer.dump(account)
        scorer.advance(account, due)
        assert scorer.dump(account) != body


@settings(_RELAXED, max_examples=examples(300))
@given(look_cases())
def test_until_the_first_look_nothing_is_told_but_what_live_events_say(case: LookCase) -> None:
    scorer = case.scorer()
    account, steps = scorer.create("acme"), list[Step]()
    derived = {flag.name for flag in case.card.flags if flag.when is not None}
    opened = 0
    for record, at in records(case.log):
        before = account.look
        steps.append(read(scorer, account, record, at))
        opened += account.look is not None and account.look is not before
    steps.append(scorer.advance(account, at + _LONG))
    signals = [signal for step in steps for signal in step.signals]
    looks = [place for place, signal in enumerate(signals) if signal.kind is Kind.FIRST_LOOK]
    assert len(looks) == opened
    episodes = set[str]()
    for signal in signals[: looks[0]]:
        # A band that a person sets in a live event is a word of its own.
        set_live = signal.kind is Kind.BAND and signal.after.override is not None and not isinstance(signal.cause, str)
        # A recovery ends what a flag has told.
        recovers = signal.kind is Kind.BAND and signal.to == "green" and signal.episode in episodes
        assert set_live or recovers or signal.kind in (Kind.FLAG, Kind.OUTCOME, Kind.CONTRACTION)
        episodes.add(signal.episode)
        assert signal.kind is not Kind.FLAG or (signal.to not in derived and not isinstance(signal.cause, str))
    for place in looks:
        look = signals[place]
        assert not look.history
        in_trouble = look.to in ("yellow", "red") and look.facts.status is not Status.CHURNED
        assert in_trouble == any(each.kind is Kind.BAND for each in look.standing)
        assert all(each.since <= look.at for each in look.standing)
    assert len({signals[place].signal_id for place in looks}) == len(looks)


@settings(_RELAXED, max_examples=examples(300))
@given(look_cases())
def test_receipts_add_up_and_the_days_of_an_import_telescope(case: LookCase) -> None:
    scorer = case.scorer()
    account, days = scorer.create("acme"), list[Day]()
    for record, at in records(case.log):
        provisional = account.look is not None and account.look.provisional
        step = read(scorer, account, record, at)
        assert not (provisional and account.importing and step.days)
        days += step.days
        for signal in step.signals:
            change = signal.receipt.change
            assert abs(change.before + sum(part.points for part in change.parts) - change.after) < 1e-9
            assert signal.after.score == signal.receipt.level.score == change.after
    days += scorer.advance(account, at + _LONG).days
    today = scorer.today(account)
    assert today is not None
    for early, late in pairwise([*days, today]):
        assert early.after == late.before
        assert early.day < late.day
        assert abs(early.before + sum(part.points for part in early.parts) - early.after) < 1e-9


@settings(_RELAXED, max_examples=examples(200))
@given(look_cases())
def test_the_clock_of_an_import_is_its_newest_history(case: LookCase) -> None:
    """Whatever ticks come, and facts after it."""
    scorer = case.scorer()
    account, newest = scorer.create("acme"), None
    for record, at in records(case.log):
        was = account.clock
        read(scorer, account, record, at)
        if account.importing and isinstance(record, Moment) and record.event.history:
            moment = min(record.event.time.timestamp(), at)
            newest = moment if newest is None else max(newest, moment)
            assert account.clock == newest
        elif account.importing and newest is not None:
            assert account.clock == newest
        elif isinstance(record, Moment) and not account.importing:
            assert account.clock == max(was, at)


@settings(_RELAXED, max_examples=examples(100))
@given(look_cases(), st.sampled_from([10.0, 5e3, 3e6]))
def test_a_read_after_the_look_reads_what_would_come_by_then(case: LookCase, age: float) -> None:
    scorer = case.scorer()
    account = scorer.create("acme")
    for record, at in records(case.log):
        read(scorer, account, record, at)
    later = floor(max(at, 0.0 if account.look is None else account.look.due) + 60 + age) + 1.0
    assume(account.has_records)
    seen = scorer.view(account, later)
    scorer.advance(account, later)
    assert scorer.view(account, later) == seen
    assert seen.first_look is None
