"""One sender with a wrong clock moves neither where an account began nor how long its silence may last.

What has a date is over when it is over for the account.
"""

from datetime import datetime

import pytest

from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.silence.definition import Silence
from support.scripted_account import DAWN, DAY, MOOD, ScriptedAccount, card, told

ONBOARDING = Milestone(
    name="onboarding",
    dimension="deployment",
    steps={"kickoff": MilestoneStep(7), "live": MilestoneStep(21)},
    planned=True,
)
SILENCE = Silence(
    name="silence", dimension="engagement", events=("login",), prior_gap=1.5, curves={"default": ((0, 100), (9, 0))}
)
LOGINS = Rate(
    name="logins",
    dimension="engagement",
    events=("login",),
    half_life=14,
    per_week=True,
    prior_per_week=8,
    curves={"default": ((1, 0), (8, 100))},
)
CARD = card(MOOD, ONBOARDING, SILENCE, LOGINS)


@pytest.mark.parametrize("behind", [3.0, 29.0, 1095.0])
@pytest.mark.parametrize("name", ["login", "account.updated", "nobody.listens"])
@pytest.mark.parametrize("first", [True, False])
def test_a_clock_behind_moves_no_step_and_no_prior(name: str, behind: float, *, first: bool) -> None:
    right, wrong = ScriptedAccount(CARD), ScriptedAccount(CARD)
    for script, late in ((right, 0.0), (wrong, behind)):
        if not first:
            script.does("login", 0)
        step = script.does(name, 0, late=late)
        assert told(step) == []
    assert wrong.account.born == right.account.born == DAWN
    assert wrong.looks(1).missed == ()
    assert [missed.due.timestamp() for missed in wrong.looks(40).missed] == [DAWN + 7 * DAY, DAWN + 21 * DAY]


def test_a_first_activity_with_a_clock_behind_does_not_stretch_the_rhythm() -> None:
    right, wrong = ScriptedAccount(CARD), ScriptedAccount(CARD)
    for script, late in ((right, 0.0), (wrong, 29.0)):
        script.does("login", 0.5, late=late)
        script.does("login", 1.5)
    assert wrong.value("silence", 12) == right.value("silence", 12)


def test_history_says_when_an_account_began() -> None:
    script = ScriptedAccount(CARD)
    script.does("login", 0)
    script.does("login", 0, late=300, history=True)
    assert script.account.born == DAWN - 300 * DAY


@pytest.mark.parametrize(
    ("zone", "over"),
    [
        (None, "2024-01-11T00:00:00+00:00"),
        ("America/Los_Angeles", "2024-01-11T08:00:00+00:00"),
        ("Pacific/Auckland", "2024-01-10T11:00:00+00:00"),
    ],
)
def test_a_date_is_over_when_it_is_over_for_the_account(zone: str | None, over: str) -> None:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 0, time_zone=zone)
    script.does("milestone.planned", 0.1, step="review", due="2024-01-10")
    end = (datetime.fromisoformat(over).timestamp() - DAWN) / DAY
    assert told(script.waits(end - 1 / DAY)) == []
    assert told(script.waits(end)) == ["milestone_missed review"]


def test_a_date_moves_with_the_zone_of_the_account_and_is_stored_so() -> None:
    script = ScriptedAccount(CARD)
    script.does("milestone.planned", 0, step="review", due="2024-01-10")
    script.account = script.scorer.load("acme", script.scorer.dump(script.account))
    script.does("account.updated", 0.2, time_zone="America/Los_Angeles")
    assert script.scorer.find_due(script.account) == DAWN + DAY + 8 * 3600


def test_a_moment_is_over_when_it_has_come() -> None:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 0, time_zone="America/Los_Angeles")
    script.does("milestone.planned", 0.1, step="review", due="2024-01-10T12:00:00Z")
    assert told(script.waits(0.5)) == ["milestone_missed review"]


def test_a_contract_starts_with_the_day_of_the_account() -> None:
    script = ScriptedAccount(CARD)
    script.does("account.updated", 0, time_zone="America/Los_Angeles", contract_start="2024-01-10")
    assert [step.due.timestamp() for step in script.looks(8).missed] == [DAWN + 7 * DAY + 8 * 3600]
