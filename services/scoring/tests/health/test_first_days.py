"""The first days of an account: onboarding and priors that fade, so that nobody is judged without time to act."""

from typing import Any

import pytest

from common.contracts.signals import Band
from scoring.health.card import Bands
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from support.cards import shipped_card
from support.scripted_account import DAWN, DAY, MOOD, ScriptedAccount, card, told

DEFAULT = shipped_card()
# README's own example.
FACTS: dict[str, Any] = {
    "name": "Acme",
    "tier": "high",
    "owner": "csm@example.com",
    "arr": 50000,
    "seats": 10,
    "stage": "adoption",
    "contract_start": "2024-01-01",
    "contract_end": "2035-12-31",
    "time_zone": "Europe/Berlin",
}
NEW = {name: value for name, value in FACTS.items() if name not in ("stage", "contract_start")}

STEPS = Milestone(
    name="steps",
    dimension="deployment",
    stages=("onboarding",),
    steps={"kickoff": MilestoneStep(7), "live": MilestoneStep(20)},
    grace=10,
)
# New until day 30, then in adoption.
CARD = card(MOOD, STEPS, by_stage={"onboarding": Bands(red=20, yellow=40), "adoption": Bands(red=40, yellow=70)})


def stage_at(script: ScriptedAccount, day: float) -> str:
    return script.looks(day).health.stage


@pytest.mark.parametrize("facts", [FACTS, NEW, {"seats": 10}])
def test_nobody_is_judged_on_the_first_day(facts: dict[str, Any]) -> None:
    script = ScriptedAccount(DEFAULT)
    script.does("account.updated", 0.3, **facts)
    script.does("session.started", 0.31, user_id="ann")
    assert told(script.does("feature.used", 0.32, user_id="ann", feature="export")) == []
    view = script.looks(0.32)
    assert (view.health.band, view.health.score > 85) == (Band.GREEN, True)


def test_who_never_starts_sinks() -> None:
    """A prior is a timer to first value: it fades."""
    script = ScriptedAccount(DEFAULT)
    script.does("account.updated", 0, **NEW)
    scores = [script.score(day) for day in (0, 7, 14, 28, 60)]
    assert scores == sorted(scores, reverse=True)
    assert scores[0] - scores[-1] > 50


def test_an_account_of_which_nothing_is_known_begins_in_onboarding() -> None:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=50)
    assert [stage_at(script, day) for day in (0, 29.99, 30, 99)] == ["onboarding", "onboarding", "adoption", "adoption"]
    assert script.scorer.find_due(script.account) == DAWN + 7 * DAY


@pytest.mark.parametrize("fact", [{"stage": "renewal"}, {"contract_start": "2023-01-01"}])
def test_what_is_known_goes_before_that(fact: dict[str, Any]) -> None:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=50)
    script.does("account.updated", 1, **fact)
    assert stage_at(script, 1) == fact.get("stage", "adoption")


def test_the_first_record_counts_by_event_time_where_it_is_history() -> None:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, late=40, history=True, value=50)
    assert stage_at(script, 0) == "adoption"


def test_the_end_of_onboarding_is_due_and_tells_what_it_brings() -> None:
    """Green for a new customer is yellow for one in adoption; it waits for its minimum duration."""
    script = ScriptedAccount(CARD)
    script.does("account.updated", 0)
    script.does("milestone.reached", 0, step="kickoff")
    script.does("milestone.reached", 0, step="live")
    script.does("mood.read", 1, value=0)
    script.does("mood.read", 2, value=60)
    assert (script.band, stage_at(script, 29)) == (Band.GREEN, "onboarding")
    assert script.scorer.find_due(script.account) == DAWN + 30 * DAY
    forecast = script.looks(3).forecast
    assert forecast is not None
    assert (forecast.band, forecast.at.timestamp()) == (Band.YELLOW, DAWN + 32 * DAY)
    assert told(script.waits(30)) == []
    step = script.waits(32)
    assert told(step) == ["band yellow"]
    assert step.signals[0].since.timestamp() == DAWN + 30 * DAY
    drivers = {part.driver.value for part in step.signals[0].receipt.change.parts}
    assert "context" in drivers


def test_the_stage_that_time_brought_outlives_a_restart() -> None:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=50)
    script.waits(31)
    body = script.scorer.dump(script.account)
    script.account = script.scorer.load("acme", body)
    assert (stage_at(script, 31), script.account.stage) == ("adoption", "adoption")
    assert script.scorer.dump(script.account) == body
