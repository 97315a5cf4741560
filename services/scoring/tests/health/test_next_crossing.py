"""The moment that an account carries is the first second at which silence changes anything, and never another.

A model that knows the card and the events alone says what changes, when, and what is told of it.
"""

import os

import pytest
from hypothesis import HealthCheck, given, settings

from common.contracts.signals import Signal
from support.examples import examples
from support.foresight import Model
from support.random_cases import RandomCase, random_cases
from support.scorer_api import Account, Scorer, due_of
from support.textbook_alerts import ACCOUNT, CARD

_EXAMPLES = 2_000
_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
_MOST_TIMERS = 4


def agrees(case: RandomCase) -> None:
    """After every event and timer of the case, and at each of the timers that follow."""
    scorer, model = Scorer(case.card, CARD), Model(case.card)
    account, unasked = scorer.create(ACCOUNT), scorer.create(ACCOUNT)
    for moment in case.moments:
        told: list[Signal] = []
        while (due := due_of(scorer, account)) is not None and due <= moment.at:
            told += fires(scorer, account, model, due)
        heard = scorer.apply(account, moment.event, moment.at).signals
        model.hears(moment, heard)
        model.reads(scorer.view(account, moment.at))
        model.foresees(due_of(scorer, account))
        # Nobody asks this one when it is due: whatever a core skips then, it tells the same.
        assert list(scorer.apply(unasked, moment.event, moment.at).signals) == [*told, *heard]
    assert due_of(scorer, unasked) == due_of(scorer, account)
    for _ in range(_MOST_TIMERS):
        if (due := due_of(scorer, account)) is None:
            return
        fires(scorer, account, model, due)


def fires(scorer: Scorer, account: Account, model: Model, due: int) -> tuple[Signal, ...]:
    signals = scorer.advance(account, due).signals
    model.waits(due, signals)
    model.reads(scorer.view(account, due))
    model.foresees(due_of(scorer, account))
    return signals


@pytest.mark.timeout(900)
@settings(_RELAXED, max_examples=examples(_EXAMPLES))
@given(random_cases())
def test_the_next_crossing_is_the_first_second_at_which_anything_changes(case: RandomCase) -> None:
    agrees(case)


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_a_campaign_of_crossings() -> None:
    examples = int(os.environ.get("N", "20000"))
    settings(_RELAXED, max_examples=examples)(given(random_cases())(agrees))()
