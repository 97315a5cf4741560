"""Flags, missed milestones and outcomes: when they are told, and what they do to the score."""

import pytest

from common.contracts.signals import Band, Driver, Kind, Severity
from scoring.health.card import Bands, Flag, When
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.silence.definition import Silence
from support.scripted_account import DAY, MOOD, ScriptedAccount, card, told

CANCEL = Flag(name="cancel_intent", cap=10, events=("cancel.asked",), ttl=100)
UNPAID = Flag(name="unpaid", cap=45, events=("payment.failed",), clear_on=("invoice.paid",), ttl=30)
SIGNS = Silence(
    name="silence", events=("login",), prior_gap=1, dimension="adoption", curves={"default": ((90, 100), (99, 0))}
)
QUIET = Flag(name="gone_quiet", cap=45, when=When(metric="silence", op=">=", value=1))
LN10 = 2.302585092994046


def test_a_flag_caps_what_heavy_use_would_hide() -> None:
    script = ScriptedAccount(card(MOOD, flags=(CANCEL,)))
    script.does("mood.read", 0, value=100)
    step = script.does("cancel.asked", 1)
    assert told(step) == ["flag cancel_intent: red"]
    flag = step.signals[0]
    assert (flag.severity, flag.after.score, flag.after.band) == (Severity.CRITICAL, 10, Band.RED)
    cap = flag.receipt.level.contributions[-1]
    assert (cap.metric, cap.dimension, cap.points, cap.contribution) == ("cancel_intent", "cap", 10, -90)
    (part,) = flag.receipt.change.parts
    assert (part.metric, part.driver, part.points) == ("cancel_intent", Driver.CAP, -90)


def test_a_cap_rises_to_100_over_its_time_to_live() -> None:
    script = ScriptedAccount(card(MOOD, flags=(CANCEL,)))
    script.does("mood.read", 0, value=100)
    script.does("cancel.asked", 0)
    assert [script.score(day) for day in (0, 50, 99)] == [10, 55, 99.1]
    assert script.looks(99).flags[0].name == "cancel_intent"
    assert script.looks(100).flags == ()
    assert told(script.waits(200)) == ["band yellow", "band green"]


def test_a_flag_is_told_when_it_goes_up_and_not_while_it_is() -> None:
    script = ScriptedAccount(card(MOOD, flags=(UNPAID,), bands=Bands(red=1, yellow=2)))
    script.does("mood.read", 0, value=100)
    steps = [
        script.does("payment.failed", 1),
        script.does("payment.failed", 2),
        script.does("invoice.paid", 3),
        script.does("payment.failed", 4),
        script.waits(60),
        script.does("payment.failed", 61),
    ]
    assert [told(step) for step in steps] == [["flag unpaid"], [], [], ["flag unpaid"], [], ["flag unpaid"]]
    assert steps[0].signals[0].severity is Severity.WARNING


def test_a_clearing_that_is_older_than_the_raising_clears_nothing() -> None:
    script = ScriptedAccount(card(MOOD, flags=(UNPAID,)))
    script.does("payment.failed", 5)
    script.does("invoice.paid", 6, late=2)
    assert [flag.name for flag in script.looks(6).flags] == ["unpaid"]
    script.does("invoice.paid", 7)
    script.does("payment.failed", 8, late=2)
    assert script.looks(8).flags == ()


def test_a_flag_raised_too_long_ago_never_goes_up() -> None:
    script = ScriptedAccount(card(MOOD, flags=(UNPAID,)))
    script.does("mood.read", 0, value=100)
    assert told(script.does("payment.failed", 40, late=30)) == []
    assert told(script.does("payment.failed", 40, late=29)) == ["flag unpaid"]
    assert script.score(40) == pytest.approx(100 - 55 / 30)


def test_a_derived_flag_caps_at_once_and_is_told_when_it_lasts() -> None:
    script = ScriptedAccount(card(MOOD, SIGNS, flags=(QUIET,), bands=Bands(red=1, yellow=2)))
    script.does("mood.read", 0, value=100)
    script.does("login", 0)
    assert script.score(2.302) == 100
    assert script.score(2.303) == 45
    assert [flag.told for flag in script.looks(3).flags] == [False]
    (signal,) = script.waits(10).signals
    due = 1_704_844_800 + int(LN10 * DAY) + 1
    assert (signal.kind, signal.to) == (Kind.FLAG, "gone_quiet")
    assert (signal.since.timestamp(), signal.at.timestamp()) == (due, due + 2 * DAY)
    assert signal.cause == f"silence@{signal.since:%Y-%m-%dT%H:%M:%SZ}"


def test_a_derived_flag_that_does_not_last_is_not_told() -> None:
    script = ScriptedAccount(card(MOOD, SIGNS, flags=(QUIET,), bands=Bands(red=1, yellow=2)))
    script.does("mood.read", 0, value=100)
    script.does("login", 0)
    assert told(script.does("login", 4)) == []
    assert script.looks(4).flags == ()


def test_a_derived_flag_that_an_event_brings_with_five_points_is_told_at_once() -> None:
    storm = Ratio(
        name="tickets",
        events=("ticket.opened",),
        denominator_events=("login",),
        half_life=14,
        dimension="adoption",
        curves={"default": ((1, 100), (100, 99))},
    )
    flag = Flag(name="storm", cap=45, when=When(metric="tickets", op=">", value=1.5))
    script = ScriptedAccount(card(MOOD, storm, flags=(flag,), bands=Bands(red=1, yellow=2)))
    script.does("mood.read", 0, value=100)
    script.does("login", 1)
    script.does("login", 1)
    assert [told(script.does("ticket.opened", 1)) for _ in range(5)] == [[], [], [], ["flag storm"], []]


def test_flags_and_milestones_are_told_without_enough_evidence() -> None:
    steps = Milestone(name="steps", dimension="deployment", steps={"kickoff": MilestoneStep(7)})
    people = Distinct(
        name="people",
        events=("x",),
        key="user_id",
        half_life=1,
        of="seats",
        dimension="roi",
        curves={"default": ((1, 0),)},
    )
    script = ScriptedAccount(card(steps, people, flags=(CANCEL,), min_coverage=0.9))
    assert told(script.does("nobody.listens", 0)) == []
    assert told(script.does("cancel.asked", 1)) == ["flag cancel_intent"]
    assert told(script.waits(90)) == ["milestone_missed kickoff"]
    assert told(script.does("contract.renewed", 91)) == ["outcome renewed"]
    assert script.band is Band.INSUFFICIENT


STEPS = Milestone(
    name="steps",
    dimension="deployment",
    stages=("adoption",),
    steps={"kickoff": MilestoneStep(7), "live": MilestoneStep(21)},
    grace=14,
)


def test_a_step_that_passes_its_due_moment_is_told_once() -> None:
    script = ScriptedAccount(card(MOOD, STEPS))
    script.does("mood.read", 0, value=100)
    script.does("milestone.reached", 3, step="live")
    (signal,) = script.waits(99).signals
    assert (signal.kind, signal.to, signal.severity) == (Kind.MILESTONE_MISSED, "kickoff", Severity.WARNING)
    assert signal.cause == "silence@2024-01-17T00:00:00Z"
    assert signal.at == signal.since
    assert [missed.step for missed in script.looks(99).missed] == ["kickoff"]
    script.does("milestone.reached", 100, step="kickoff")
    assert script.looks(100).missed == ()


def test_a_step_planned_into_the_past_is_missed_by_that_plan() -> None:
    script = ScriptedAccount(card(MOOD, STEPS))
    script.does("mood.read", 0, value=100)
    (signal,) = script.does("milestone.planned", 1, step="kickoff", due="2024-01-09").signals
    assert signal.cause == ("web", "e2")
    assert signal.since < signal.at
    # The same due moment again is no news, another one is.
    assert told(script.does("milestone.planned", 2, step="kickoff", due="2024-01-09")) == []
    assert told(script.does("milestone.planned", 3, step="kickoff", due="2024-02-01")) == []
    assert told(script.waits(99)) == ["milestone_missed live", "milestone_missed kickoff", "band yellow"]


def test_a_step_that_is_not_told_costs_points_and_is_shown_but_is_no_signal() -> None:
    steps = {"kickoff": MilestoneStep(7, told=False), "live": MilestoneStep(21)}
    script = ScriptedAccount(
        card(Milestone(name="steps", dimension="adoption", steps=steps), bands=Bands(red=1, yellow=2))
    )
    script.does("nobody.listens", 0)
    assert script.points("steps", 14) == pytest.approx(50)
    assert [missed.step for missed in script.looks(14).missed] == ["kickoff"]
    assert told(script.waits(20.9)) == []
    assert told(script.waits(21)) == ["milestone_missed live"]


def test_of_planned_steps_the_metric_says_whether_they_are_told() -> None:
    steps = {"kickoff": MilestoneStep(7, told=True)}
    plan = Milestone(name="plan", dimension="adoption", steps=steps, planned=True, told=False)
    script = ScriptedAccount(card(plan, bands=Bands(red=1, yellow=2)))
    for step in ("kickoff", "review"):
        script.does("milestone.planned", 0, step=step, due="2024-01-17")
    assert told(script.waits(20)) == ["milestone_missed kickoff"]


def test_a_step_of_two_metrics_is_told_when_the_one_that_tells_it_is_due() -> None:
    silent = Milestone(name="silent", dimension="adoption", steps={"kickoff": MilestoneStep(7, told=False)})
    loud = Milestone(name="loud", dimension="adoption", steps={"kickoff": MilestoneStep(9)})
    script = ScriptedAccount(card(silent, loud, bands=Bands(red=1, yellow=2)))
    script.does("nobody.listens", 0)
    assert told(script.waits(8)) == []
    assert [missed.due.day for missed in script.looks(8).missed] == [17]
    assert told(script.waits(9)) == ["milestone_missed kickoff"]


def test_steps_of_another_stage_are_nobodys_business_until_it_comes() -> None:
    script = ScriptedAccount(card(MOOD, STEPS))
    script.does("account.updated", 0, stage="renewal")
    script.does("mood.read", 0, value=100)
    assert told(script.waits(50)) == []
    assert told(script.does("account.updated", 51, stage="adoption")) == [
        "milestone_missed kickoff",
        "milestone_missed live",
        "band yellow",
    ]


def test_an_outcome_moves_no_score_and_comes_after_the_flag_that_brings_the_band() -> None:
    renewed_badly = Flag(name="downgrade", cap=20, events=("contract.renewed",))
    script = ScriptedAccount(card(MOOD, flags=(renewed_badly,)))
    script.does("mood.read", 0, value=100)
    step = script.does("contract.renewed", 1, history=True)
    assert told(step) == ["flag downgrade: red", "outcome renewed"]
    assert [signal.severity for signal in step.signals] == [Severity.CRITICAL, Severity.INFO]
    assert all(signal.history for signal in step.signals)


def test_the_lowest_cap_bites() -> None:
    script = ScriptedAccount(card(MOOD, flags=(UNPAID, CANCEL)))
    script.does("mood.read", 0, value=100)
    script.does("cancel.asked", 1)
    assert told(script.does("payment.failed", 1)) == ["flag unpaid"]
    assert script.score(1) == 10
    contributions = script.looks(1).level.contributions
    assert [c.metric for c in contributions if c.dimension == "cap"] == ["cancel_intent"]
    assert len(script.looks(1).flags) == 2


def test_a_cap_above_the_mean_does_not_bite() -> None:
    script = ScriptedAccount(card(MOOD, flags=(UNPAID,)))
    script.does("mood.read", 0, value=30)
    script.does("payment.failed", 1)
    assert script.score(1) == 30
    assert [c.metric for c in script.looks(1).level.contributions] == ["mood"]
