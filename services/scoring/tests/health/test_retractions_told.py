"""What is told of a retraction: a signal of kind `retracted` for each thing that was told because of the event."""

from typing import Any

import pytest
from msgspec.structs import replace

from common.contracts import ids
from common.contracts.signals import Kind, Severity, Signal, Status
from scoring.health.card import Card, Flag, Outcome, When
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.view import Step
from support.random_cases import event
from support.scripted_account import DAWN, DAY, MOOD, ScriptedAccount, card, told

CANCEL = Flag(name="cancel", cap=10, events=("contract.cancel_requested",), ttl=None)
UNPAID = Flag(name="unpaid", cap=80, events=("unpaid",), clear_on=("paid",), ttl=None, key="invoice")
STEPS = Milestone(name="steps", dimension="deployment", steps={"kickoff": MilestoneStep(3)}, planned=True)
CARD: Card = replace(
    card(MOOD, STEPS, flags=(CANCEL, UNPAID)),
    outcomes=(Outcome(name="churned", events=("contract.ended",)),),
)


def scripted() -> ScriptedAccount:
    """Green, with its kickoff done."""
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=90)
    script.does("milestone.reached", 0.1, step="kickoff")
    return script


def retract(script: ScriptedAccount, day: float, event_id: str, **said: Any) -> Step:
    at = DAWN + day * DAY
    happened = replace(
        event("event.retracted", at, event_id=f"r-{event_id}", **said), properties={"event_id": event_id}
    )
    return script.scorer.apply(script.account, happened, at)


def withdrawals(step: Step) -> list[Signal]:
    return [signal for signal in step.signals if signal.kind is Kind.RETRACTED]


def test_a_flag_is_withdrawn_and_the_band_that_follows_is_an_ordinary_one() -> None:
    script = scripted()
    assert told(script.does("contract.cancel_requested", 1)) == ["flag cancel: red"]
    step = retract(script, 2, "e3")
    assert told(step) == ["retracted cancel", "band green"]
    withdrawn, green = step.signals
    assert withdrawn.cause == ("web", "e3")
    assert green.cause == ("web", "r-e3")
    assert withdrawn.signal_id == ids.signal_id("acme", "card", "retracted", "cancel", ("web", "e3"))
    assert (withdrawn.severity, withdrawn.history) == (Severity.INFO, False)
    assert withdrawn.facts.status is Status.ACTIVE
    assert (withdrawn.before and withdrawn.before.score, withdrawn.after.score) == (10, 95)
    assert [each.points for each in green.receipt.change.parts] == [pytest.approx(85)]


def test_a_flag_outside_an_episode_of_bands_is_withdrawn_within_its_own() -> None:
    script = scripted()
    (raised,) = script.does("unpaid", 1, invoice="i-1").signals
    (withdrawn,) = retract(script, 2, "e3").signals
    assert withdrawn.episode == raised.episode == raised.signal_id


def test_a_flag_that_another_event_keeps_up_is_not_withdrawn() -> None:
    script = scripted()
    script.does("unpaid", 1, invoice="i-1")
    script.does("unpaid", 1, invoice="i-2")
    assert told(retract(script, 2, "e3")) == []
    assert [each.name for each in script.looks(2).flags] == ["unpaid"]


def test_what_was_withdrawn_is_told_anew_when_it_comes_again() -> None:
    script = scripted()
    script.does("contract.cancel_requested", 1)
    retract(script, 2, "e3")
    assert told(script.does("contract.cancel_requested", 3)) == ["flag cancel: red"]


def test_a_band_that_another_flag_keeps_up_outlives_the_flag_that_brought_it() -> None:
    lost = Flag(name="lost", cap=30, events=("champion.left",), ttl=None)
    script = ScriptedAccount(card(MOOD, flags=(CANCEL, lost)))
    script.does("mood.read", 0, value=90)
    assert told(script.does("contract.cancel_requested", 1)) == ["flag cancel: red"]
    assert told(script.does("champion.left", 2)) == ["flag lost"]
    step = retract(script, 3, "e2")
    assert told(step) == ["retracted cancel"]
    assert step.signals[0].episode == script.looks(3).episode
    # The other flag stands alone now, and green ends what the first has opened.
    assert told(retract(script, 4, "e3")) == ["retracted lost", "band green"]
    assert script.looks(4).episode is None


def test_nothing_is_withdrawn_that_was_over_or_never_told() -> None:
    script = scripted()
    script.does("unpaid", 1, invoice="i-1")
    script.does("paid", 2, invoice="i-1")
    assert told(retract(script, 3, "e3")) == []
    assert told(retract(script, 3, "e1")) == []


def test_a_derived_flag_goes_with_the_answer_that_raised_it() -> None:
    grim = Flag(name="grim", cap=45, when=When(metric="mood", op="<=", value=20))
    script = ScriptedAccount(card(MOOD, flags=(grim,)))
    script.does("mood.read", 0, value=90)
    assert told(script.does("mood.read", 1, value=5)) == ["flag grim", "band red"]
    assert told(retract(script, 2, "e2")) == ["retracted grim", "band green"]


def test_a_contraction_by_mistake_is_withdrawn_and_told_if_it_comes_true() -> None:
    script = scripted()
    script.does("contract.changed", 1, arr=100)
    script.does("contract.changed", 2, arr=95)
    assert told(script.does("contract.changed", 3, arr=50)) == ["contraction arr"]
    step = retract(script, 4, "e5")
    assert told(step) == ["retracted arr"]
    assert step.signals[0].facts.arr == 95
    (fell,) = script.does("contract.changed", 5, arr=50).signals
    assert (fell.kind, fell.arr_before) == (Kind.CONTRACTION, 100)


def test_an_arr_that_was_too_high_by_mistake_is_no_contraction() -> None:
    script = scripted()
    script.does("contract.changed", 1, arr=100)
    script.does("contract.changed", 2, arr=1000)
    assert told(retract(script, 3, "e4")) == []
    assert script.account.facts.arr == 100


def test_an_outcome_is_withdrawn_and_the_account_is_back() -> None:
    script = scripted()
    script.does("contract.cancel_requested", 1)
    assert told(script.does("contract.ended", 2)) == ["outcome churned"]
    # Nobody was told how they stood meanwhile, so their band is told anew.
    withdrawn, band = retract(script, 3, "e4").signals
    assert (band.kind, band.to) == (Kind.BAND, "red")
    assert (withdrawn.kind, withdrawn.to, withdrawn.facts.status) == (Kind.RETRACTED, "churned", Status.LEAVING)


def test_an_outcome_that_was_decided_again_is_not_withdrawn() -> None:
    script = scripted()
    script.does("contract.ended", 1)
    script.does("contract.ended", 2)
    assert told(retract(script, 3, "e3")) == []


def test_a_step_that_was_not_due_is_withdrawn_and_missed_at_its_former_date() -> None:
    script = scripted()
    script.does("milestone.planned", 0.2, step="essay", due="2024-02-01T00:00:00Z")
    script.does("milestone.planned", 0.3, step="essay", due="2024-01-12T00:00:00Z")
    assert told(script.waits(5)) == ["milestone_missed essay"]
    step = retract(script, 6, "e4")
    assert told(step) == ["retracted essay"]
    assert told(script.waits(30)) == ["milestone_missed essay"]


def test_a_step_that_was_not_reached_is_missed() -> None:
    script = scripted()
    assert told(script.waits(5)) == []
    (missed,) = retract(script, 6, "e2").signals
    assert (missed.kind, missed.to, missed.cause) == (Kind.MILESTONE_MISSED, "kickoff", ("web", "r-e2"))


def test_what_was_told_as_history_is_withdrawn_as_history() -> None:
    script = scripted()
    script.does("unpaid", 1, invoice="i-1", history=True)
    assert [each.history for each in withdrawals(retract(script, 2, "e3"))] == [True]
    script.does("unpaid", 3, invoice="i-1")
    assert [each.history for each in withdrawals(retract(script, 4, "e4", history=True))] == [True]


def test_within_one_request_nothing_is_told_of_what_is_retracted() -> None:
    script = scripted()
    script.does("contract.cancel_requested", 1, more=True)
    assert told(retract(script, 1, "e3")) == []
    assert script.account.facts.status is Status.ACTIVE


@pytest.mark.parametrize("again", [False, True])
def test_a_request_withdraws_what_was_told_before_it(again: bool) -> None:
    """And tells it anew if another of its events says the same."""
    script = scripted()
    script.does("contract.cancel_requested", 1)
    assert told(retract(script, 2, "e3", more=True)) == []
    loaded = script.scorer.load("acme", script.scorer.dump(script.account))
    assert script.scorer.dump(loaded) == script.scorer.dump(script.account)
    step = script.does("contract.cancel_requested" if again else "nobody.listens", 2)
    expected = ["retracted cancel", "flag cancel"] if again else ["retracted cancel", "band green"]
    assert told(step) == expected
    assert step.signals[0].cause == ("web", "e3")


def test_an_outcome_of_the_same_request_is_not_told() -> None:
    script = scripted()
    script.does("contract.ended", 1, more=True)
    assert told(retract(script, 1, "e3")) == []


def test_a_metric_that_is_gone_gives_its_weight_back() -> None:
    """The only answer is retracted; receipts add up, or the scorer raises."""
    asked = Gauge(name="csat", dimension="roi", events=("csat.answered",), curves=MOOD.curves)
    script = ScriptedAccount(card(MOOD, asked))
    script.does("mood.read", 0, value=90)
    script.does("csat.answered", 1, value=10)
    assert script.score(1) == 50
    assert told(retract(script, 2, "e2")) == ["band green"]
    assert script.score(2) == 90
