"""One script per rule of each kind of metric."""

from math import inf
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import scoring.health
from scoring.health.card import Flag, When
from scoring.health.metric_kinds import KINDS
from scoring.health.metrics.active_days.definition import ActiveDays
from scoring.health.metrics.definition import Knots, MetricDefinition, kind_of
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.silence.definition import Silence
from scoring.health.view import Step
from support.scripted_account import ScriptedAccount, card

# Points double as the value's distance in doublings: 1 is 0, 2 is 10, up to 1024.
DOUBLINGS: Knots = ((1.0, 0.0), (1024.0, 100.0))


def test_every_folder_of_metrics_is_a_registered_kind() -> None:
    metrics = Path(scoring.health.__file__ or "").parent / "metrics"
    folders = {path.parent.name for path in metrics.glob("*/definition.py")}
    assert {kind_of(definition): definition.__module__ for definition in KINDS} == {
        folder: f"scoring.health.metrics.{folder}.definition" for folder in folders
    }


def curved(curve: Knots = DOUBLINGS) -> dict[str, Any]:
    return {"dimension": "adoption", "curves": {"default": curve}}


def scripted(*metrics: MetricDefinition) -> ScriptedAccount:
    return ScriptedAccount(card(*metrics))


LOGINS = Rate(name="logins", events=("login",), half_life=7, **curved())
TICKETS: dict[str, Any] = {
    "name": "tickets",
    "events": ("ticket.opened",),
    "half_life": 7,
    **curved(((1, 100), (4, 0))),
}


def test_a_rate_loses_a_doubling_every_half_life() -> None:
    script = scripted(LOGINS)
    for _ in range(16):
        script.does("login", 0)
    assert script.points("logins", 0) == pytest.approx(40)
    assert script.points("logins", 7) == pytest.approx(30)
    assert script.points("logins", 24.5) == pytest.approx(5)
    assert script.points("logins", 999) == 0
    assert script.value("logins", 14) == pytest.approx(4)


def test_a_late_event_has_already_faded_when_it_counts() -> None:
    script = scripted(LOGINS)
    for _ in range(3):
        script.does("login", 7)
    script.does("login", 7, late=7)
    script.does("login", 7, late=7)
    assert script.value("logins", 7) == pytest.approx(4)


@pytest.mark.parametrize("late", [0.0, 2.0])
def test_a_count_of_thousands_of_half_lives_ago_is_next_to_nothing_and_not_nothing(late: float) -> None:
    ever = Flag(name="ever", cap=60, when=When("logins", ">", 0.0))
    script = ScriptedAccount(card(replace(LOGINS, half_life=0.001), flags=(ever,)))
    script.does("login", late, late=late)
    assert [flag.name for flag in script.looks(2).flags] == ["ever"]


def test_an_event_from_the_future_counts_from_its_record() -> None:
    script = scripted(LOGINS)
    script.does("login", 0, late=-0.003)
    assert script.value("logins", 0) == 1.0


@pytest.mark.parametrize(
    ("weight", "counted"),
    [
        (3, 3.0),
        (2.5, 2.5),
        (0, 0.0),
        (-1, 0.0),
        (None, 1.0),
        ("5", 1.0),
        (True, 1.0),
        (float("nan"), 1.0),
        (1e300, 1.0),
    ],
)
def test_a_weight_is_a_number_or_counts_as_one(weight: object, counted: float) -> None:
    script = scripted(Rate(name="logins", events=("login",), half_life=7, weight="weight", **curved()))
    script.does("login", 0, weight=2)
    script.does("login", 0, weight=weight)
    assert script.value("logins", 0) == pytest.approx(2 + counted)


def test_per_week_is_the_rate_that_would_keep_the_count() -> None:
    """A login a day for ever is seven a week."""
    script = scripted(Rate(name="logins", events=("login",), half_life=14, per_week=True, **curved()))
    for day in range(300):
        script.does("login", day)
    assert script.value("logins", 299.5) == pytest.approx(7, rel=1e-3)


def test_a_new_account_is_given_its_prior_which_fades() -> None:
    script = scripted(Rate(name="logins", events=("login",), half_life=14, per_week=True, prior_per_week=8, **curved()))
    script.does("nobody.listens", 0)
    assert script.value("logins", 0) == pytest.approx(8)
    assert script.value("logins", 14) == pytest.approx(4)


def test_the_prior_counts_from_the_earliest_history_however_late_it_is_heard_of() -> None:
    script = scripted(Rate(name="logins", events=("login",), half_life=14, per_week=True, prior_per_week=8, **curved()))
    script.does("nobody.listens", 14)
    script.does("nobody.listens", 14, late=14, history=True)
    assert script.value("logins", 14) == pytest.approx(4)


DAYS = ActiveDays(name="days", events=("login",), half_life=7, **curved())


def test_a_day_counts_once_from_its_midnight_and_fades() -> None:
    script = scripted(DAYS)
    for day in (0.9, 0.1, 0.5, 0.5, 7.5):
        script.does("login", max(day, 0.9), late=max(0.9 - day, 0.0))
    assert script.value("days", 8) == pytest.approx(2 ** (-8 / 7) + 2 ** (-1 / 7))
    assert script.value("days", 15) == pytest.approx(2 ** (-15 / 7) + 2 ** (-8 / 7))
    assert script.points("days", 999) == 0


def test_a_late_event_counts_its_day_if_no_other_did() -> None:
    script, in_order = scripted(DAYS), scripted(DAYS)
    script.does("login", 9.5)
    script.does("login", 9.6, late=5)
    body = script.scorer.dump(script.account)
    assert script.does("login", 9.6, late=4.7) == script.does("login", 9.6, late=0.3) == Step()
    assert script.scorer.dump(script.account) == body
    for day in (4.6, 9.5, 9.6):
        in_order.does("login", day)
    assert script.value("days", 9.6) == pytest.approx(in_order.value("days", 9.6), rel=1e-12)
    assert script.value("days", 9.6) == pytest.approx(2 ** (-0.6 / 7) + 2 ** (-5.6 / 7))


def test_active_days_are_days_in_the_zone_of_the_account() -> None:
    """Two evenings in New York are three days in UTC."""
    for zone, midnights in (("America/New_York", (5 / 24, 29 / 24)), ("Nowhere/At_All", (0, 1, 2))):
        script = scripted(DAYS)
        script.does("account.updated", 0, time_zone=zone)
        for day in (0.9, 1.1, 1.9, 2.1):
            script.does("login", day)
        assert script.value("days", 3) == pytest.approx(sum(2 ** (-(3 - midnight) / 7) for midnight in midnights))


def test_a_day_is_an_hour_longer_where_clocks_go_back() -> None:
    """New York's 3 November 2024 has 25 hours."""
    script = scripted(DAYS)
    script.does("account.updated", 297, time_zone="America/New_York")
    begin = 298 + 4 / 24
    for day in (begin, begin + 24.9 / 24, begin + 25 / 24):
        script.does("login", day)
    assert script.value("days", begin + 2) == pytest.approx(2 ** (-2 / 7) + 2 ** (-(2 - 25 / 24) / 7))


def test_a_day_that_came_over_a_thousand_days_late_adds_nothing_and_the_state_stays_small() -> None:
    script = scripted(ActiveDays(name="days", events=("login",), half_life=1e5, **curved()))
    for day in range(2_000):
        script.does("login", day + 0.5)
    full = script.value("days", 2_000)
    assert full == pytest.approx(2_000, rel=0.01)
    script.does("login", 2_100, late=50)
    more = script.value("days", 2_100)
    script.does("login", 2_100, late=1_100)
    assert script.value("days", 2_100) == more
    assert len(script.scorer.dump(script.account)) < 500
    # After a gap as long as that nothing is known of the days before it, and their sum goes on fading.
    script.does("login", 9_000)
    script.does("login", 9_000, late=1_500)
    assert script.value("days", 9_000) == pytest.approx(2_002, rel=0.06)


def test_days_a_week_are_what_would_keep_the_count() -> None:
    """Who comes every day comes on seven, and the prior is days a week too."""
    script = scripted(
        ActiveDays(name="days", events=("login",), half_life=28, per_week=True, prior_per_week=3, **curved())
    )
    script.does("nobody.listens", 0.5)
    assert script.value("days", 0.5) == pytest.approx(3)
    assert script.value("days", 28.5) == pytest.approx(1.5)
    for day in range(1, 400):
        script.does("login", day + 0.5)
    assert script.value("days", 399.5) == pytest.approx(7, rel=1e-3)


def test_an_account_that_nobody_uses_has_no_active_days() -> None:
    script = scripted(DAYS)
    script.does("nobody.listens", 0)
    assert (script.value("days", 3), script.points("days", 3)) == (0, 0)


def test_people_are_counted_once_from_their_newest_sight() -> None:
    script = scripted(Distinct(name="people", events=("login",), key="user_id", half_life=7, **curved()))
    for day, person in [(0, "ann"), (0, "bob"), (7, "ann"), (7, "ann")]:
        script.does("login", day, user_id=person)
    script.does("login", 7, user_id="bob", late=9)
    script.does("login", 7)
    assert script.value("people", 7) == pytest.approx(1.5)


def test_shares_of_seats_need_seats() -> None:
    script = scripted(Distinct(name="people", events=("login",), key="user_id", half_life=7, of="seats", **curved()))
    script.does("login", 0, user_id="ann")
    assert script.points("people", 0) is None
    script.does("account.updated", 0, seats=4)
    assert script.value("people", 0) == pytest.approx(0.25)
    script.does("account.updated", 1, seats=0)
    assert script.points("people", 1) is None


@pytest.mark.parametrize("seats", [5e-324, 1e-310, 1e-300])
def test_of_hardly_a_seat_the_share_is_as_large_as_a_number_can_be(seats: float) -> None:
    script = scripted(Distinct(name="people", events=("login",), key="user_id", half_life=7, of="seats", **curved()))
    script.does("account.updated", 0, seats=seats)
    script.does("login", 0, user_id="ann")
    value = script.value("people", 0)
    assert value is not None
    assert 1e299 < value < inf


def test_features_may_be_named_by_numbers() -> None:
    script = scripted(Distinct(name="breadth", events=("used",), key="feature", half_life=1e9, of=4, **curved()))
    for feature in ("x", 7, "7", None, ["x"], {"x": 1}):
        script.does("used", 0, feature=feature)
    assert script.value("breadth", 0) == pytest.approx(2 / 4)


@pytest.mark.parametrize("people", [256, 300, 3_000])
def test_above_256_members_the_count_is_an_estimate(people: int) -> None:
    script = scripted(Distinct(name="people", events=("login",), key="user_id", half_life=1e9, **curved()))
    for number in range(people):
        script.does("login", number / people, user_id=f"person {number}")
    assert script.value("people", 1) == pytest.approx(people, rel=1e-6 if people <= 256 else 0.25)
    assert len(script.scorer.dump(script.account)) < 6_000


def test_members_long_gone_make_room_before_the_sample_is_halved() -> None:
    script = scripted(Distinct(name="people", events=("login",), key="user_id", half_life=1, **curved()))
    for number in range(200):
        script.does("login", 0, user_id=f"old {number}")
    for number in range(200):
        script.does("login", 30, user_id=f"new {number}")
    assert script.value("people", 30) == pytest.approx(200, rel=1e-6)


def test_a_ratio_stands_still_until_the_evidence_is_too_little() -> None:
    script = scripted(Ratio(**TICKETS, denominator_events=("login",), min_denominator=1))
    for _ in range(4):
        script.does("login", 0)
    script.does("ticket.opened", 0)
    script.does("ticket.opened", 0, late=7)
    assert script.value("tickets", 0) == pytest.approx(1.5 / 4)
    assert script.value("tickets", 13.9) == pytest.approx(1.5 / 4)
    assert script.points("tickets", 14.1) is None


def test_a_ratio_may_divide_by_another_metric_undivided() -> None:
    people = Distinct(name="people", events=("login",), key="user_id", half_life=7, of=100.0, **curved())
    script = scripted(Ratio(**TICKETS, denominator_metric="people"), people)
    script.does("login", 0, user_id="ann")
    script.does("login", 0, user_id="bob")
    for _ in range(4):
        script.does("ticket.opened", 0)
    assert script.value("tickets", 0) == pytest.approx(2)
    assert script.points("tickets", 0) == pytest.approx(50)
    script.does("login", 0, user_id="cem")
    assert script.value("tickets", 0) == pytest.approx(4 / 3)


def test_a_quiet_ratio_follows_what_it_is_told_to() -> None:
    """No tickets and no use is bad, no tickets and much use is fine."""
    depth = Rate(name="depth", events=("used",), half_life=7, **curved())
    script = scripted(Ratio(**TICKETS, denominator_events=("login",), quiet_follows="depth"), depth)
    for _ in range(8):
        script.does("used", 0)
    assert script.points("depth", 0) == pytest.approx(30)
    assert script.points("tickets", 0) == pytest.approx(50)
    assert script.points("tickets", 7) == pytest.approx(40)
    for _ in range(2):
        script.does("login", 7)
    script.does("ticket.opened", 7)
    assert script.points("tickets", 7) == pytest.approx(100)
    # After a half-life the ticket is half a ticket, and then it is quiet again.
    assert script.points("tickets", 13.9) == pytest.approx(100)
    assert script.points("tickets", 14) == pytest.approx(30)


def test_a_follower_stays_within_bounds() -> None:
    depth = Rate(name="depth", events=("used",), half_life=7, **curved())
    script = scripted(Ratio(**TICKETS, denominator_events=("login",), quiet_follows="depth", quiet_bonus=95), depth)
    for _ in range(4):
        script.does("used", 0)
    assert script.points("tickets", 0) == 100
    assert script.points("tickets", 10.5) == pytest.approx(100)
    assert script.points("tickets", 14) == pytest.approx(95)


SIGNS = Silence(
    name="silence", events=("login",), prior_gap=2, dimension="engagement", curves={"default": ((0, 100), (10, 0))}
)


def test_suspicion_grows_with_the_time_since_the_last_sign() -> None:
    script = scripted(SIGNS)
    script.does("login", 0)
    assert script.value("silence", 0) == 0
    assert script.value("silence", 2) == pytest.approx(1 / 2.302585093)
    assert script.value("silence", 20) == pytest.approx(10 / 2.302585093)
    assert script.points("silence", 20) == pytest.approx(100 - 43.42945)


def test_the_mean_gap_starts_as_three_prior_gaps() -> None:
    """Active on days 0, 1, 2 and 3: gaps of 2, 2, 2, 1, 1, 1."""
    script = scripted(SIGNS)
    for day in (0.5, 1.5, 1.9, 2.1, 3.5):
        script.does("login", day)
    assert script.value("silence", 5) == pytest.approx(1.5 / (1.5 * 2.302585093))


def test_a_day_is_a_day_in_the_zone_of_the_account() -> None:
    """Two evenings in New York are three days in UTC."""
    values = []
    for zone in ("America/New_York", "Nowhere/At_All"):
        script = scripted(SIGNS)
        script.does("account.updated", 0, time_zone=zone)
        for day in (0.9, 1.1, 1.9, 2.1):
            script.does("login", day)
        values.append(script.value("silence", 4.1))
    new_york, utc = (2.0 / 2.302585093 / mean for mean in (7 / 4, 8 / 5))
    assert values == [pytest.approx(new_york), pytest.approx(utc)]


def test_without_a_sign_silence_counts_from_birth() -> None:
    script = scripted(SIGNS)
    script.does("nobody.listens", 3, late=3, history=True)
    assert script.value("silence", 4) == pytest.approx(2 / 2.302585093)


def test_a_sign_of_an_earlier_day_that_comes_late_changes_nothing() -> None:
    script = scripted(SIGNS)
    script.does("login", 5)
    script.does("login", 5, late=3)
    assert script.value("silence", 7) == pytest.approx(1 / 2.302585093)


def nps(**changes: Any) -> Gauge:
    given: dict[str, Any] = {"name": "nps", "events": ("answered",), "hold": 10, "ttl": 30, "neutral": 60}
    return Gauge(**{**given, **changes}, dimension="roi", curves={"default": ((-100, 0), (100, 100))})


def test_an_answer_holds_then_fades_to_neutral_and_stays() -> None:
    script = scripted(nps())
    script.does("answered", 0, value=-100)
    assert [script.points("nps", day) for day in (0, 10, 20, 30, 900)] == [0, 0, pytest.approx(30), 60, 60]


def test_the_newest_answer_counts_not_the_last_to_arrive() -> None:
    script = scripted(nps())
    script.does("answered", 5, value=100)
    script.does("answered", 6, value=-100, late=3)
    assert script.value("nps", 6) == 100


@pytest.mark.parametrize("value", ["9", None, True, float("nan"), 10**400])
def test_an_answer_that_is_no_number_is_none(value: object) -> None:
    script = scripted(nps())
    script.does("answered", 0, value=value)
    assert script.points("nps", 0) is None


def test_promoters_minus_detractors_of_each_persons_last_answer() -> None:
    script = scripted(nps(key="user_id", read="net_promoter"))
    answers = [("ann", 9), ("bob", 9), ("cem", 10), ("dea", 6.5), ("ann", 6)]
    for hour, (person, value) in enumerate(answers):
        script.does("answered", hour / 24, user_id=person, value=value)
    script.does("answered", 1, value=0)
    assert script.value("nps", 1) == pytest.approx(100 * (2 - 1) / 4)


def test_an_answer_counts_while_it_is_less_than_its_life_older_than_the_newest() -> None:
    script = scripted(nps(key="user_id", read="mean"))
    script.does("answered", 0, user_id="ann", value=10)
    script.does("answered", 29.9, user_id="bob", value=50)
    assert script.value("nps", 29.9) == 30
    # They fade together, by the newest; none drops out in silence.
    assert script.points("nps", 39.9) == pytest.approx(65)
    script.does("answered", 30, user_id="cem", value=50)
    assert script.value("nps", 30) == 50


def test_the_last_of_many_people_is_the_last() -> None:
    script = scripted(nps(key="user_id", read="last"))
    script.does("answered", 0, user_id="ann", value=10)
    script.does("answered", 1, user_id="bob", value=50)
    script.does("answered", 2, user_id="ann", value=20, late=1.5)
    assert script.value("nps", 2) == 50


def test_of_more_people_than_fit_a_sample_answers() -> None:
    script = scripted(nps(key="user_id", read="mean"))
    for number in range(1_000):
        script.does("answered", 0, user_id=f"person {number}", value=number % 11)
    assert script.value("nps", 0) == pytest.approx(5, abs=1)
    assert len(script.scorer.dump(script.account)) < 10_200


ARR = Gauge(
    name="arr", events=("contract.changed",), value="arr/arr_peak_12m", dimension="roi",
    curves={"default": ((0, 0), (1, 100))},
)  # fmt: skip


def test_arr_is_read_against_its_peak_of_a_year() -> None:
    script = scripted(ARR)
    for day, arr in [(0, 100), (100, 50), (200, 80)]:
        script.does("contract.changed", day, arr=arr)
    assert script.value("arr", 200) == pytest.approx(0.8)
    # It is the newest amount that looks back, not the moment of looking.
    assert script.value("arr", 600) == pytest.approx(0.8)
    script.does("contract.changed", 380, arr=60)
    assert script.value("arr", 380) == pytest.approx(60 / 80)
    script.does("contract.changed", 381, arr=90)
    assert script.value("arr", 381) == 1.0


def test_a_peak_heard_of_late_is_a_peak() -> None:
    script = scripted(ARR)
    script.does("contract.changed", 100, arr=50)
    script.does("contract.changed", 101, arr=200, late=50)
    assert script.value("arr", 101) == 0.25


def test_a_contract_that_falls_every_day_keeps_its_peak_in_bounded_room() -> None:
    script = scripted(ARR)
    for day in range(300):
        script.does("contract.changed", day, arr=1000 - day)
    assert script.value("arr", 299) == pytest.approx(0.701)
    assert len(script.scorer.dump(script.account)) < 3_000


def test_an_account_that_never_paid_has_no_ratio() -> None:
    script = scripted(ARR)
    script.does("contract.changed", 0, arr=0)
    assert script.points("arr", 0) is None


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
