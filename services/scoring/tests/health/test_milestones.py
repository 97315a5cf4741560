"""Metrics of milestones: steps that are due, done, planned and weighed."""

import pytest

from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from support.scripted_account import ScriptedAccount, scripted

STEPS = Milestone(
    name="onboarding", dimension="deployment", steps={"kickoff": MilestoneStep(7), "live": MilestoneStep(21)}, grace=14
)


def points_of(script: ScriptedAccount, metric: str, *days: float) -> list[float]:
    found = [script.points(metric, day) for day in days]
    return [round(points, 9) for points in found if points is not None]


def test_points_of_milestones_are_the_mean_over_the_steps_that_are_due() -> None:
    script = scripted(STEPS)
    script.does("nobody.listens", 0)
    assert points_of(script, "onboarding", 0, 7, 14, 21, 28, 99) == [100, 100, 50, 0, 0, 0]
    script.does("milestone.reached", 14, step="kickoff")
    assert points_of(script, "onboarding", 14, 21, 28, 35, 99) == [100, 100, 75, 50, 50]


def test_a_step_that_is_not_due_yet_counts_once_it_is_done() -> None:
    script = scripted(STEPS)
    script.does("nobody.listens", 0)
    assert script.points("onboarding", 21) == pytest.approx(0)
    script.does("milestone.reached", 20, step="live")
    assert script.points("onboarding", 20) == pytest.approx(100 * (1 + 1 / 14) / 2)
    assert script.points("onboarding", 21) == pytest.approx(50)


def test_a_deadline_that_passes_lifts_no_score() -> None:
    """A step that is missed begins at what the others have come to, not at 100."""
    plan = Milestone(name="plan", dimension="adoption", planned=True, grace=10)
    script = scripted(plan)
    for step, due in (
        ("one", "2024-01-10T00:00:00Z"),
        ("two", "2024-01-15T00:00:00Z"),
        ("three", "2024-01-20T00:00:00Z"),
    ):
        script.does("milestone.planned", 0, step=step, due=due)
    # Day 5: one is at 50, and two begins there. Day 10: one is at 0, two at 25, so three begins at 12.5.
    assert points_of(script, "plan", 0, 5, 10, 15, 20) == [100, 50, 12.5, round(12.5 / 2 / 3, 9), 0]
    script.does("milestone.reached", 15, step="two")
    # Without two, one had come to 0 of 100 when three began: at 50.
    assert points_of(script, "plan", 15, 20) == [round((100 + 50 / 2) / 3, 9), round(100 / 3, 9)]


def test_a_step_weighs_what_the_card_says_or_its_plan() -> None:
    steps = {"kickoff": MilestoneStep(7, weight=3), "live": MilestoneStep(21), "party": MilestoneStep(7, weight=0)}
    script = scripted(Milestone(name="onboarding", dimension="deployment", steps=steps, weight="size", grace=14))
    script.does("milestone.reached", 0, step="live")
    assert points_of(script, "onboarding", 7, 14, 21) == [100, (100 + 3 * 50) / 4, 25]
    script.does("milestone.planned", 1, step="kickoff", due="2024-01-17T00:00:00Z", size=1)
    assert points_of(script, "onboarding", 14, 21) == [75, 50]
    # No number is the card's weight, less than nothing is nothing.
    script.does("milestone.planned", 2, step="kickoff", due="2024-01-17T00:00:00Z", size="much")
    assert script.points("onboarding", 21) == pytest.approx(25)
    script.does("milestone.planned", 3, step="kickoff", due="2024-01-17T00:00:00Z", size=-2)
    assert script.points("onboarding", 99) == 100


@pytest.mark.parametrize("size", [5e-324, 1e-10, 0])
def test_a_step_that_weighs_next_to_nothing_does_not_count(size: float) -> None:
    script = scripted(Milestone(name="plan", dimension="adoption", planned=True, weight="size"))
    script.does("milestone.planned", 0, step="review", due="2024-01-11", size=size)
    assert script.points("plan", 99) == 100
    assert [missed.step for missed in script.looks(99).missed] == ["review"]


def test_a_contract_start_moves_the_steps() -> None:
    script = scripted(STEPS)
    script.does("nobody.listens", 0)
    script.does("account.updated", 0, contract_start="2024-01-20")
    assert script.points("onboarding", 17) == 100
    assert script.points("onboarding", 24) == pytest.approx(50)


def test_a_plan_moves_a_step_and_the_newest_plan_wins() -> None:
    script = scripted(STEPS)
    script.does("milestone.planned", 1, step="kickoff", due="2024-02-10T00:00:00Z")
    script.does("milestone.planned", 2, step="kickoff", due="2024-01-10", late=1.5)
    script.does("milestone.planned", 2, step="kickoff", due="next week")
    assert script.looks(20).missed == ()
    assert [missed.step for missed in script.looks(31).missed] == ["live", "kickoff"]


def test_steps_that_only_plans_name_go_where_plans_are_taken() -> None:
    planned = Milestone(name="plan", dimension="adoption", planned=True, grace=10)
    script = scripted(STEPS, planned)
    script.does("milestone.reached", 0, step="essay 2")
    assert script.points("plan", 0) is None
    script.does("milestone.planned", 0, step="essay 1", due=1_704_844_800 + 86_400)
    script.does("milestone.planned", 0, step="essay 2", due=1_704_844_800)
    script.does("milestone.planned", 0, step="kickoff", due=1_704_844_800)
    assert script.points("plan", 0) == 100
    # One of the two is done, the other was due a day after the start.
    assert script.points("plan", 6) == pytest.approx(75)
    assert script.points("onboarding", 7) == pytest.approx(50)


def test_plans_are_bounded() -> None:
    script = scripted(Milestone(name="plan", dimension="adoption", planned=True))
    for number in range(200):
        script.does("milestone.planned", 0, step=f"step {number:03}", due="2024-01-09")
    assert len(script.looks(0).missed) == 64


@pytest.mark.parametrize("due", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", 1e18, "soon"])
def test_a_step_that_is_due_outside_the_calendar_is_not_planned(due: object) -> None:
    script = scripted(STEPS, Milestone(name="plan", dimension="adoption", planned=True, grace=10))
    script.does("milestone.planned", 0, step="review", due=due)
    assert script.points("plan", 1) is None
    assert all(signal.to != "review" for signal in script.waits(9_000).signals)
