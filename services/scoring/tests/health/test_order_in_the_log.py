"""At equal event times the later event in the log has the say: as in one request whose events have no `time`."""

from typing import Any

import pytest

from common.contracts.signals import Kind
from scoring.health.card import Flag
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from support.random_cases import event
from support.scripted_account import DAWN, IDENTITY, MOOD, ScriptedAccount, card

# Enough ids that some hash higher and some lower than the id of the first event.
IDS = tuple(f"id {n}" for n in range(8))

CANCEL = Flag(name="cancel", cap=10, events=("contract.cancel_requested",), clear_on=("contract.renewed",))
ANSWERS = Gauge(
    name="nps", dimension="roi", events=("nps.answered",), key="user_id", read="mean", curves={"default": IDENTITY}
)
LAST_ANSWER = Gauge(name="last", dimension="roi", events=("nps.answered",), curves={"default": IDENTITY})
AGAINST_PEAK = Gauge(
    name="arr",
    dimension="roi",
    events=("contract.changed",),
    value="arr/arr_peak_12m",
    curves={"default": ((0, 0), (1, 100))},
)
STEPS = Milestone(name="steps", dimension="deployment", steps={"live": MilestoneStep(30)}, planned=True)
CARD = card(MOOD, ANSWERS, LAST_ANSWER, AGAINST_PEAK, STEPS, flags=(CANCEL,))


def at_once(second: str, *posted: tuple[str, dict[str, Any]]) -> ScriptedAccount:
    """All happen at one moment. The first event is named "first", the others `second` and their place."""
    script = ScriptedAccount(CARD)
    script.does("mood.read", -1, value=80)
    for place, (name, properties) in enumerate(posted):
        event_id = f"{second} {place}" if place else "first"
        script.scorer.apply(script.account, event(name, DAWN, event_id=event_id, **properties), DAWN)
    return script


@pytest.mark.parametrize("second", IDS)
def test_the_last_owner_in_the_log_is_the_owner(second: str) -> None:
    script = at_once(second, ("account.updated", {"owner": "ann"}), ("account.updated", {"owner": "bob"}))
    assert script.account.facts.owner == "bob"


@pytest.mark.parametrize("second", IDS)
def test_a_cancellation_after_a_renewal_is_heard(second: str) -> None:
    script = at_once(second, ("contract.renewed", {}), ("contract.cancel_requested", {}))
    assert [flag.name for flag in script.looks(0).flags] == ["cancel"]


@pytest.mark.parametrize("second", IDS)
def test_a_renewal_after_a_cancellation_clears_it(second: str) -> None:
    script = at_once(second, ("contract.cancel_requested", {}), ("contract.renewed", {}))
    assert script.looks(0).flags == ()


@pytest.mark.parametrize("second", IDS)
def test_the_last_answer_in_the_log_is_the_answer(second: str) -> None:
    script = at_once(
        second, ("nps.answered", {"user_id": "ann", "value": 20}), ("nps.answered", {"user_id": "ann", "value": 90})
    )
    assert (script.value("nps", 0), script.value("last", 0)) == (90, 90)


@pytest.mark.parametrize("second", IDS)
def test_the_last_amount_in_the_log_is_what_they_pay_now(second: str) -> None:
    script = at_once(second, ("contract.changed", {"arr": 1000}), ("contract.changed", {"arr": 250}))
    assert (script.value("arr", 0), script.account.facts.arr) == (0.25, 250)


@pytest.mark.parametrize("second", IDS)
def test_the_last_plan_in_the_log_is_the_plan(second: str) -> None:
    script = at_once(
        second,
        ("milestone.planned", {"step": "review", "due": "2024-01-20T00:00:00Z"}),
        ("milestone.planned", {"step": "review", "due": "2024-02-20T00:00:00Z"}),
    )
    overdue = {step.step for step in script.looks(20).missed}
    assert overdue == set()
    assert {step.step for step in script.looks(60).missed} == {"live", "review"}


@pytest.mark.parametrize("second", IDS)
def test_an_event_that_happened_earlier_still_loses(second: str) -> None:
    script = at_once(second, ("contract.renewed", {}), ("account.updated", {"owner": "bob"}))
    posted: tuple[tuple[str, dict[str, Any]], ...] = (
        ("contract.cancel_requested", {}),
        ("account.updated", {"owner": "ann"}),
    )
    for name, properties in posted:
        late = event(name, DAWN - 0.001, event_id=f"late {second} {name}", **properties)
        signals = script.scorer.apply(script.account, late, DAWN + 1).signals
        assert [signal for signal in signals if signal.kind is Kind.FLAG] == []
    assert (script.account.facts.owner, script.looks(1).flags) == ("bob", ())
