"""Stages by dates and deeds, where nobody has posted one: which, since when, and the very second of each turn."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from scoring.health.card import Expansion, Flag, Journey, When, card_id
from scoring.health.moments import to_datetime
from support.journeys import EXPANSION, JOURNEY, ONBOARDING_DAYS, STEPS, Traveller, days_until, journey_card, midnight
from support.scripted_account import DAWN, DAY, MOOD, SLIDE, card

YEAR = 365
WINDOW = midnight(YEAR + 1 - 90)


def new_customer(**facts: object) -> Traveller:
    account = Traveller()
    account.signs(0.5, starts=0, ends=YEAR, **facts)
    return account


def one_second_before(day: float) -> float:
    return day - 1 / DAY


def test_a_year_of_a_customer() -> None:
    account, new_until = new_customer(), midnight(ONBOARDING_DAYS)
    assert account.place(0.5).stage == "onboarding"
    assert account.place(one_second_before(days_until(new_until))).stage == "onboarding"
    assert (account.place(days_until(new_until)).stage, account.place(days_until(new_until)).since) == (
        "adoption",
        new_until,
    )
    assert account.place(one_second_before(days_until(WINDOW))).stage == "adoption"
    place = account.place(days_until(WINDOW))
    assert (place.stage, place.since, place.posted) == ("renewal", WINDOW, False)


def test_what_comes_next_is_said_with_its_date() -> None:
    account = new_customer()
    first = account.place(1).next
    assert first is not None
    assert (first.stage, first.at) == ("adoption", midnight(ONBOARDING_DAYS))
    second = account.place(100).next
    assert second is not None
    assert (second.stage, second.at) == ("renewal", WINDOW)
    assert account.place(300).next is None


@pytest.mark.parametrize(("hour", "left"), [(-1.5, 1), (-0.5, 0), (22, 0), (23.5, -1)])
def test_days_to_renewal_are_those_of_the_accounts_own_calendar(hour: float, left: int) -> None:
    """The contract ends with 10 January in Berlin, which is an hour ahead of UTC in winter."""
    assert new_customer().place(YEAR + hour / 24).days_to_renewal == left


def test_the_window_opens_at_midnight_of_the_account_though_clocks_change() -> None:
    """Its first day lies in summer time: 22:00 UTC. The contract's last day is in winter time."""
    assert WINDOW.hour == 22
    account = new_customer()
    account.waits(days_until(WINDOW) - 1)
    assert account.scorer.find_due(account.account) == WINDOW.timestamp()


def test_onboarding_is_over_when_its_steps_are_done() -> None:
    account = new_customer()
    account.does("milestone.reached", 5, step="kickoff")
    assert account.place(5).stage == "onboarding"
    account.does("milestone.reached", 20, step="first_value")
    place = account.place(20)
    assert (place.stage, place.since) == ("adoption", to_datetime(DAWN + 20 * DAY))


def test_a_step_that_was_not_reached_after_all_opens_onboarding_again() -> None:
    account = new_customer()
    account.does("milestone.reached", 5, step="kickoff")
    account.does("milestone.reached", 20, step="first_value")
    account.takes_back(21, "e3")
    assert account.place(21).stage == "onboarding"


def test_a_stage_that_was_posted_wins() -> None:
    account = new_customer(stage="expansion")
    for day in (1, 100, 300):
        assert (account.place(day).stage, account.place(day).posted, account.place(day).next) == (
            "expansion",
            True,
            None,
        )
    account.does("account.updated", 300, stage=None)
    assert (account.place(300).stage, account.place(300).since) == ("renewal", to_datetime(DAWN + 300 * DAY))


def test_renewal_goes_before_onboarding() -> None:
    """A contract of 120 days: its window opens on day 31, before the days of onboarding are over."""
    account = Traveller()
    account.signs(0.5, starts=0, ends=120)
    assert [account.place(day).stage for day in (30, 32, 60)] == ["onboarding", "renewal", "renewal"]


def test_a_contract_no_longer_than_the_window_has_none() -> None:
    account = Traveller()
    account.signs(0.5, starts=0, ends=59)
    assert [account.place(day).stage for day in (1, 43, 45, 59, 80)] == [
        "onboarding",
        "onboarding",
        "adoption",
        "adoption",
        "adoption",
    ]


def test_a_contract_that_is_over_stays_in_renewal_until_it_is_renewed() -> None:
    account = new_customer()
    assert account.place(YEAR + 200).stage == "renewal"
    account.does("contract.renewed", YEAR + 210, contract_end="2026-01-10", contract_start="2025-01-11")
    assert account.place(YEAR + 210).stage == "adoption"


def test_a_renewed_contract_makes_no_new_customer() -> None:
    """Though it says when it began, and no step was ever done."""
    account = new_customer()
    account.does("account.updated", YEAR, contract_start="2025-01-11", contract_end="2026-01-10")
    assert account.place(YEAR + 2).stage == "adoption"


def test_a_contract_that_begins_later_is_that_of_a_new_customer() -> None:
    account = Traveller()
    account.signs(0.5, starts=30, ends=395)
    assert [account.place(day).stage for day in (1, 30, 73, 75)] == ["onboarding"] * 3 + ["adoption"]


def test_of_an_account_without_dates_the_first_days_are_those_of_a_new_customer() -> None:
    account = Traveller()
    account.does("session.started", 0.25, user_id="p0")
    assert [account.place(day).stage for day in (1, 44.2, 44.3)] == ["onboarding", "onboarding", "adoption"]


def test_who_uses_nearly_all_seats_is_in_expansion_after_ten_days() -> None:
    account = new_customer(seats=10)
    for day in range(45, 55):
        account.works(day, people=10)
    ready = account.account.journey.ready_since
    assert ready == DAWN + 45 * DAY
    assert account.place(54.99).stage == "adoption"
    assert (account.place(55).stage, account.place(55).since) == ("expansion", to_datetime(ready + 10 * DAY))


def test_a_wobble_ends_no_expansion_and_silence_does_at_its_second() -> None:
    """Ready from 0.8 on, and until 0.72: ten people keep that for so many days of silence."""
    account = new_customer(seats=10)
    for day in range(45, 56):
        account.works(day, people=10)
    below_enter, below_leave = 14 * 0.321928, 14 * 0.473931  # log2(1 / 0.8), log2(1 / 0.72)
    assert account.place(55 + below_enter + 0.1).stage == "expansion"
    assert account.place(55 + below_leave - 0.001).stage == "expansion"
    left = account.place(55 + below_leave + 0.001)
    assert left.stage == "adoption"
    assert left.since is not None
    assert left.since.microsecond == 0
    assert abs(days_until(left.since) - (55 + below_leave)) < 0.001


def test_a_restart_keeps_since_when_it_is_ready() -> None:
    account = new_customer(seats=10)
    account.works(45, people=10)
    account.account = account.scorer.load("acme", account.scorer.dump(account.account))
    for day in range(46, 56):
        account.works(day, people=10)
    assert account.place(55).since == to_datetime(DAWN + 55 * DAY)
    assert account.place(55).stage == "expansion"


def test_more_seats_end_an_expansion_at_once() -> None:
    account = new_customer(seats=10)
    for day in range(45, 56):
        account.works(day, people=10)
    assert account.place(55).stage == "expansion"
    account.does("contract.changed", 55.5, seats=20)
    place = account.place(55.5)
    assert (place.stage, place.since) == ("adoption", to_datetime(DAWN + 55.5 * DAY))


def test_the_bands_and_weights_of_the_stage_count_from_its_second_on() -> None:
    """A score of 80 is green, and yellow in renewal."""
    account = new_customer()
    account.does("mood.read", 1, value=80)
    account.does("milestone.reached", 1, step="kickoff")
    account.does("milestone.reached", 1, step="first_value")
    assert account.looks(days_until(WINDOW) - 0.1).pending is None
    pending = account.looks(days_until(WINDOW)).pending
    assert pending is not None
    assert (pending.band, pending.since) == ("yellow", WINDOW)


def test_a_forecast_looks_into_the_next_stage() -> None:
    account = Traveller(replace(card(SLIDE, STEPS, by_stage=journey_card().bands), journey=Journey()))
    account.signs(0.5, starts=-100, ends=YEAR)
    account.does("mood.read", days_until(WINDOW) - 5, value=100)
    expected = account.looks(days_until(WINDOW) - 5).forecast
    assert expected is not None
    # At 90 five days after it, below it a second later, and then two days of patience.
    assert expected.at == WINDOW + timedelta(days=7, seconds=1)
    assert account.account.context.stage_ends == WINDOW.timestamp()


def test_a_card_without_a_journey_knows_posted_stages_and_first_days_alone() -> None:
    account = Traveller(card(MOOD, STEPS))
    account.signs(0.5, starts=0, ends=YEAR)
    assert [account.place(day).stage for day in (1, 100, 300)] == ["adoption"] * 3
    unknown = Traveller(card(MOOD, STEPS))
    unknown.does("milestone.reached", 0, step="kickoff")
    unknown.does("milestone.reached", 0, step="first_value")
    assert [unknown.place(day).stage for day in (1, 45)] == ["onboarding", "adoption"]


def test_a_card_without_a_journey_keeps_its_id() -> None:
    plain = card(MOOD, flags=(Flag(name="unpaid", cap=45, events=("unpaid",)),))
    assert card_id(plain, {}) == "6f383963c1b3c4cd"
    assert card_id(replace(plain, journey=JOURNEY), {}) != card_id(plain, {})


@pytest.mark.parametrize(
    ("op", "value", "ready"), [(">=", 0.8, True), (">", 0.8, False), ("<=", 0.8, True), ("<", 0.8, False)]
)
def test_a_condition_is_asked_at_its_bound(op: str, value: float, *, ready: bool) -> None:
    expansion = Expansion(when=(When("mood", op, value),), hysteresis=0.0)  # type: ignore[arg-type]
    account = Traveller(journey_card(replace(JOURNEY, expansion=expansion)))
    account.does("mood.read", 1, value=value)
    assert (account.account.journey.ready_since is not None) is ready


def test_all_conditions_have_to_hold() -> None:
    both = replace(EXPANSION, when=(*EXPANSION.when, When("mood", ">=", 50)))
    account = Traveller(journey_card(replace(JOURNEY, expansion=both)))
    account.signs(0.5, starts=-100, ends=YEAR, seats=2)
    account.works(1, people=2)
    assert account.account.journey.ready_since is None
    account.does("mood.read", 2, value=50)
    assert account.account.journey.ready_since == DAWN + 2 * DAY
