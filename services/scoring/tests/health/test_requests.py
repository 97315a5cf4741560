"""The events of one account in one request are one step: nothing is told of a state in the middle of it."""

from typing import Any

import pytest

from common.contracts.signals import Band, Signal
from scoring.health.card import Flag, When
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.silence.definition import Silence
from scoring.health.scorer import Scorer
from support.random_cases import event
from support.scripted_account import DAWN, DAY, MOOD, SLIDE, ScriptedAccount, card, tell, told

STEPS = Milestone(
    name="steps",
    dimension="deployment",
    steps={"kickoff": MilestoneStep(7), "sso_live": MilestoneStep(21), "first_value": MilestoneStep(30)},
)
SILENCE = Silence(
    name="silence", dimension="engagement", events=("login",), prior_gap=1.5, curves={"default": ((1, 100), (3, 0))}
)
QUIET = Flag(name="gone_quiet", cap=45, when=When(metric="silence", op=">=", value=3))
UNPAID = Flag(name="unpaid", cap=20, events=("invoice.failed",), clear_on=("invoice.paid",))
MOODY = card(MOOD, flags=(UNPAID,))
SECOND = 1 / DAY


def requested(script: ScriptedAccount, day: float, *posted: tuple[str, dict[str, Any]]) -> list[Signal]:
    """One request; what it told. All but the last of its events say that more follows."""
    found: list[Signal] = []
    for place, (name, properties) in enumerate(posted):
        step = script.does(name, day, more=place + 1 < len(posted), **properties)
        assert step.signals == () or place + 1 == len(posted)
        found += step.signals
    return found


def names(signals: list[Signal]) -> list[str]:
    return [tell(signal) for signal in signals]


def test_the_first_sync_of_an_old_customer_tells_nothing() -> None:
    """Facts say that the contract began long ago; that the steps were done then comes after them."""
    script = ScriptedAccount(card(SILENCE, STEPS, flags=(QUIET,)))
    reached: list[tuple[str, dict[str, Any]]] = [
        ("milestone.reached", {"step": step, "late": 100.0}) for step in ("kickoff", "sso_live", "first_value")
    ]
    facts = ("account.updated", {"contract_start": "2023-08-01", "seats": 10})
    assert names(requested(script, 0, facts, *reached)) == []
    assert script.looks(0).missed == ()
    assert told(script.waits(1)) == []


def test_of_a_step_that_stays_undone_the_same_request_tells() -> None:
    script = ScriptedAccount(card(SILENCE, STEPS))
    facts = ("account.updated", {"contract_start": "2023-08-01"})
    signals = requested(script, 0, facts, ("milestone.reached", {"step": "kickoff"}))
    assert names(signals) == ["milestone_missed first_value", "milestone_missed sso_live"]
    # The facts made them late, not what came after.
    assert {signal.cause for signal in signals} == {("web", "e1")}


def test_a_failure_that_is_paid_in_the_same_request_is_none() -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    assert requested(script, 1, ("invoice.failed", {}), ("invoice.paid", {})) == []
    assert (script.band, script.looks(1).episode) == (Band.GREEN, None)


def test_the_cause_is_the_event_that_crossed() -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    signals = requested(
        script, 1, ("mood.read", {"value": 60}), ("invoice.failed", {}), ("nobody.listens", {}), ("login", {})
    )
    assert names(signals) == ["flag unpaid: red"]
    assert [signal.cause for signal in signals] == [("web", "e3")]
    assert signals[0].before is not None
    assert (signals[0].before.score, signals[0].after.score) == (90, 20)


def test_small_losses_of_one_request_add_up() -> None:
    """Alone each would have to last for the minimum duration."""
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=72)
    signals = requested(script, 1, ("mood.read", {"value": 69}), ("mood.read", {"value": 66}))
    assert names(signals) == ["band yellow"]
    assert signals[0].cause == ("web", "e2")


def test_a_line_that_is_crossed_back_is_not_crossed() -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    assert requested(script, 1, ("mood.read", {"value": 5}), ("mood.read", {"value": 88})) == []
    assert script.looks(1).pending is None


def test_outcomes_are_never_swallowed() -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    signals = requested(script, 1, ("contract.renewed", {}), ("mood.read", {"value": 90}), ("contract.renewed", {}))
    assert [(signal.to, signal.cause) for signal in signals] == [("renewed", ("web", "e2")), ("renewed", ("web", "e4"))]


def test_readers_are_shown_the_band_from_before_while_a_request_is_open() -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.does("invoice.failed", 1, more=True)
    assert (script.band, script.looks(1).health.band) == (Band.GREEN, Band.GREEN)


def test_a_request_whose_end_never_comes_is_closed_after_a_minute() -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.does("invoice.failed", 1, more=True)
    assert script.scorer.find_due(script.account) == DAWN + DAY + 60
    assert told(script.waits(1 + 59 * SECOND)) == []
    step = script.waits(1 + 60 * SECOND)
    assert told(step) == ["flag unpaid: red"]
    assert {signal.cause for signal in step.signals} == {("web", "e2")}
    assert [signal.at.timestamp() for signal in step.signals] == [DAWN + DAY + 60]


def test_the_next_record_after_that_minute_is_not_of_the_request() -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.does("invoice.failed", 1, more=True)
    assert told(script.does("invoice.paid", 1 + 61 * SECOND)) == ["flag unpaid: red", "band green"]


def test_a_record_of_another_request_closes_it_and_belongs_to_it() -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.does("invoice.failed", 1, more=True)
    assert told(script.does("invoice.paid", 1 + 30 * SECOND)) == []


def test_what_is_due_within_an_open_request_is_told_with_it() -> None:
    script = ScriptedAccount(card(SLIDE, flags=(UNPAID,)))
    script.does("mood.read", 0, value=100)
    due = script.scorer.find_due(script.account)
    assert due is not None
    # The line is crossed at `due`, and the wait for it ends two days later, within the request.
    script.waits((due - DAWN) / DAY)
    confirmed = script.scorer.find_due(script.account)
    assert confirmed is not None
    script.does("nobody.listens", (confirmed - 10 - DAWN) / DAY, more=True)
    step = script.does("nobody.listens", (confirmed + 10 - DAWN) / DAY)
    assert told(step) == ["band yellow"]
    assert (step.signals[0].since.timestamp(), step.signals[0].at.timestamp()) == (due, confirmed + 10)


def test_in_stream_mode_the_next_tick_closes_it() -> None:
    script = ScriptedAccount(MOODY)
    script.scorer = Scorer(MOODY, "card", request_seconds=None)
    script.does("mood.read", 0, value=90)
    script.does("invoice.failed", 1, more=True)
    # The events of one request may be days apart there.
    assert told(script.does("mood.read", 5, value=90, more=True)) == []
    assert told(script.waits(5 + 1 * SECOND)) == ["flag unpaid: red"]


@pytest.mark.parametrize("restart", range(3))
def test_an_open_request_outlives_a_restart(restart: int) -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    for place in range(3):
        if place == restart:
            script.account = script.scorer.load("acme", script.scorer.dump(script.account))
        step = script.does("mood.read", 1, value=80 - 8 * place, more=place < 2)
    assert told(step) == ["band yellow"]
    assert step.signals[0].cause == ("web", "e4")


def test_a_duplicate_closes_the_request() -> None:
    script = ScriptedAccount(MOODY)
    script.does("mood.read", 0, value=90)
    script.does("invoice.failed", 1, more=True)
    assert told(script.scorer.close_request(script.account)) == ["flag unpaid: red"]
    assert told(script.scorer.close_request(script.account)) == []
    assert told(script.waits(2)) == []


def test_an_event_alone_is_told_at_once() -> None:
    script = ScriptedAccount(MOODY)
    alone = event("invoice.failed", DAWN, event_id="alone")
    assert names(list(script.scorer.apply(script.account, alone, DAWN).signals)) == ["flag unpaid"]
