"""Guarantee 5 while feeds are paused: in memory, loaded anew, or applied by what an event moves, all is the same."""

from math import ceil, inf

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

import scoring.health.applying
import scoring.health.scorer
from scoring.core_form import core_form
from scoring.health.account import Account
from scoring.health.feeds import FeedPause, Pauses
from scoring.health.scorer import Scorer
from support.examples import examples
from support.random_cases import Moment, RandomCase, random_cases

_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
_YEAR = 365 * 86_400.0
SOURCES = ("web", "app", "crm")


@st.composite
def pauses_within(draw: st.DrawFn, case: RandomCase) -> Pauses:
    """Of two sources at most, that begin and end somewhere along the case."""
    moments = [moment.at for moment in case.moments]
    begin, length = min(moments), max(max(moments) - min(moments), case.unit)
    found = []
    for source in draw(st.lists(st.sampled_from(SOURCES), max_size=2, unique=True)):
        since = begin + draw(st.sampled_from([-0.1, 0.0, 0.3, 0.7])) * length
        lasts = draw(st.sampled_from([0.1, 0.5, 2.0, inf]))
        found.append(FeedPause(source, since, inf if lasts == inf else float(ceil(since + lasts * length))))
    return tuple(found)


@st.composite
def paused_cases(draw: st.DrawFn) -> tuple[RandomCase, list[Moment], Pauses]:
    """A case, its moments from several sources, and the pauses under which they are applied."""
    case = draw(random_cases())
    sources = [draw(st.sampled_from(SOURCES)) for _ in case.moments]
    moments = [
        Moment(replace(moment.event, source=source), moment.at)
        for moment, source in zip(case.moments, sources, strict=True)
    ]
    return case, moments, draw(pauses_within(case))


def restored(scorer: Scorer, account: Account) -> Account:
    return scorer.load(account.account_id, scorer.dump(account), account.pauses)


@settings(_RELAXED, max_examples=examples(150))
@given(paused_cases(), st.data())
def test_an_account_on_hold_goes_on_as_if_nothing_was(
    drawn: tuple[RandomCase, list[Moment], Pauses], data: st.DataObject
) -> None:
    case, moments, pauses = drawn
    scorer = Scorer(case.card, "card")
    one, other = scorer.create("acme", pauses), scorer.create("acme", pauses)
    for moment in moments:
        if data.draw(st.booleans()):
            other = restored(scorer, other)
        assert scorer.apply(one, moment.event, moment.at) == scorer.apply(other, moment.event, moment.at)
        assert scorer.dump(one) == scorer.dump(other)
        assert one.hold == restored(scorer, one).hold
        if data.draw(st.booleans()):
            assert scorer.find_due(one) == scorer.find_due(restored(scorer, other))
    late = one.clock + data.draw(st.sampled_from([3.0, 1e4, 1e7]))
    assert scorer.advance(one, late) == scorer.advance(restored(scorer, other), late)
    assert scorer.dump(one) == scorer.dump(restored(scorer, one))


@pytest.mark.skipif(core_form() == "compiled", reason="a compiled module does not look up what is patched")
@settings(_RELAXED, max_examples=examples(150))
@given(paused_cases())
def test_what_an_event_moves_alone_is_what_a_full_evaluation_finds(
    drawn: tuple[RandomCase, list[Moment], Pauses],
) -> None:
    case, moments, pauses = drawn
    scorer = Scorer(case.card, "card")
    one, other = scorer.create("acme", pauses), scorer.create("acme", pauses)
    for moment in moments:
        step = scorer.apply(one, moment.event, moment.at)
        with pytest.MonkeyPatch.context() as patch:
            for module in (scoring.health.scorer, scoring.health.applying):
                patch.setattr(module, "try_incremental", lambda *_: False)
            assert scorer.apply(other, moment.event, moment.at) == step
        assert scorer.dump(one) == scorer.dump(other)
    assert scorer.advance(one, one.clock + _YEAR) == scorer.advance(other, other.clock + _YEAR)
    assert scorer.dump(one) == scorer.dump(other)


@settings(_RELAXED, max_examples=examples(100))
@given(paused_cases(), st.integers(1, 5))
def test_it_does_not_matter_how_often_silence_is_looked_at(
    drawn: tuple[RandomCase, list[Moment], Pauses], looks: int
) -> None:
    """A timer that finds nothing leaves the account as it was."""
    case, moments, pauses = drawn
    scorer = Scorer(case.card, "card")
    one, other = scorer.create("acme", pauses), scorer.create("acme", pauses)
    for moment in moments:
        signals = []
        for n in range(looks):
            at = other.clock + (moment.at - other.clock) * n / looks
            if other.has_records and other.clock <= at < moment.at:
                signals += list(scorer.advance(other, at).signals)
        step = scorer.apply(one, moment.event, moment.at)
        signals += list(scorer.apply(other, moment.event, moment.at).signals)
        assert [each.signal_id for each in signals] == [each.signal_id for each in step.signals]
        assert scorer.dump(one) == scorer.dump(other)
