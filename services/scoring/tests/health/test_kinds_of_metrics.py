"""One script per rule of metrics that count: rates, active days, distinct people and features, and ratios of them."""

from math import inf
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

import scoring.health
from scoring.health.card import Flag, When
from scoring.health.metric_kinds import KINDS
from scoring.health.metrics.active_days.definition import ActiveDays
from scoring.health.metrics.definition import kind_of
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.view import Step
from support.scripted_account import ScriptedAccount, card, curved, scripted


def test_every_folder_of_metrics_is_a_registered_kind() -> None:
    metrics = Path(scoring.health.__file__ or "").parent / "metrics"
    folders = {path.parent.name for path in metrics.glob("*/definition.py")}
    assert {kind_of(definition): definition.__module__ for definition in KINDS} == {
        folder: f"scoring.health.metrics.{folder}.definition" for folder in folders
    }


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
