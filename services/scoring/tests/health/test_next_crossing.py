"""The moment that an account carries is the first second at which silence changes anything, and never another."""

import os

import pytest
from hypothesis import HealthCheck, given, settings

from scoring.core.plan import Plan
from scoring.core.scorer import Scorer
from support.foresight import changes_at, seconds_to_try
from support.worlds import World, worlds

_EXAMPLES = 2_000
_RELAXED = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
_MOST_TIMERS = 4


def foresees(world: World) -> None:
    """After every event of the story, and at each of the timers that follow."""
    scorer, plan = Scorer(world.card, "card"), Plan(world.card)
    account = scorer.create("acme")
    for moment in world.story:
        scorer.apply(account, moment.event, moment.at)
        assert not changes_at(account, plan, account.clock)
    for _ in range(_MOST_TIMERS):
        assert account.due is None or account.due > account.clock
        for second in seconds_to_try(account, plan, account.due):
            assert changes_at(account, plan, second) is (second == account.due), (second, account.due)
        if account.due is None:
            return
        scorer.advance(account, account.due)


@settings(_RELAXED, max_examples=_EXAMPLES)
@given(worlds())
def test_the_next_crossing_is_the_first_second_at_which_anything_changes(world: World) -> None:
    foresees(world)


@pytest.mark.campaign
@pytest.mark.timeout(0)
def test_a_campaign_of_crossings() -> None:
    examples = int(os.environ.get("N", "20000"))
    settings(_RELAXED, max_examples=examples)(given(worlds())(foresees))()
