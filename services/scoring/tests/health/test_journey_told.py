"""What an account's journey tells: each once, with its moments, its cause, an episode of its own, and all to act on."""

from datetime import timedelta

import pytest
from msgspec.structs import replace

from common.contracts.signals import Kind, PlannedStep, Severity, Signal
from scoring.health.journey_told import JOURNEY_KINDS
from scoring.health.moments import to_datetime
from scoring.health.view import Step
from support.journeys import JOURNEY, ONBOARDING_DAYS, Traveller, days_until, journey_card, midnight, of_kind, on
from support.scripted_account import DAWN, DAY, told

YEAR = 365
WINDOW = midnight(YEAR + 1 - 90)
OPENS = days_until(WINDOW)
LATE = days_until(midnight(ONBOARDING_DAYS))


def old_customer(**facts: object) -> Traveller:
    """Onboarded, and content."""
    account = Traveller()
    account.signs(0.5, starts=0, ends=YEAR, **facts)
    account.does("mood.read", 1, value=100)
    account.does("milestone.reached", 1, step="kickoff")
    account.does("milestone.reached", 1, step="first_value")
    return account


def only(step: Step, kind: Kind) -> Signal:
    (signal,) = of_kind(step.signals, kind)
    return signal


# --- The renewal window ---------------------------------------------------------------------------------------


def test_a_renewal_window_is_told_once_at_its_midnight() -> None:
    account = old_customer()
    assert account.waits(OPENS - 1 / DAY).signals == ()
    signal = only(account.waits(OPENS + 30), Kind.RENEWAL_WINDOW)
    assert (signal.to, signal.at, signal.since, signal.severity) == ("open", WINDOW, WINDOW, Severity.INFO)
    assert signal.cause == f"silence@{WINDOW:%Y-%m-%dT%H:%M:%SZ}"
    assert signal.episode == signal.signal_id
    assert signal.after.stage == "renewal"
    assert of_kind(account.waits(YEAR + 30).signals, Kind.RENEWAL_WINDOW) == []


def test_a_window_of_an_unwell_account_is_a_warning_and_says_what_stands() -> None:
    account = old_customer()
    account.does("unpaid", 200)
    account.does("milestone.planned", 201, step="review", due="2024-08-01")
    account.does("ticket.opened", 202, ticket="t1")
    account.does("ticket.opened", 203, ticket="t2")
    signal = only(account.waits(OPENS), Kind.RENEWAL_WINDOW)
    assert signal.severity is Severity.WARNING
    assert [(each.kind, each.to, each.count) for each in signal.standing] == [
        (Kind.BAND, "yellow", 1),
        (Kind.FLAG, "unpaid", 1),
        (Kind.MILESTONE_MISSED, "review", 1),
        # Never told by itself, but whoever plans the renewal wants to know how many are open.
        (Kind.FLAG, "tickets", 2),
    ]
    assert signal.episode == signal.signal_id


def test_the_review_has_the_figures_of_two_months_before() -> None:
    account = old_customer(seats=10)
    for day in range(150, 270):
        account.works(day, people=8 if day < 240 else 3)
    account.does("milestone.planned", 269, step="review", due="2024-12-01T12:00:00Z")
    account.works(OPENS - 1, people=3)
    review = only(account.waits(OPENS), Kind.RENEWAL_WINDOW).review
    assert review is not None
    assert review.since is not None
    assert timedelta(days=56) <= WINDOW - review.since <= timedelta(days=84)
    (seats,) = [each for each in review.figures if each.metric == "seats"]
    assert seats.value is not None
    assert seats.former_value is not None
    assert (round(seats.value, 1), round(seats.former_value, 1)) == (0.4, 0.8)
    assert seats.points is not None
    assert seats.former_points is not None
    assert seats.points < 75 < seats.former_points == round(seats.former_points)
    assert review.active_people == 3
    assert review.promised == (PlannedStep("review", to_datetime(1733054400.0)),)


def test_a_review_without_former_figures_has_those_of_now() -> None:
    account = Traveller()
    account.does("mood.read", 0, value=100)
    review = only(account.signs(1, starts=-300, ends=80, seats=2), Kind.RENEWAL_WINDOW).review
    assert review is not None
    assert (review.since, {each.former_points for each in review.figures}) == (None, {None})
    assert {each.metric: each.points for each in review.figures} == {"mood": 100.0, "seats": 0.0}


def test_a_date_within_the_window_is_told_with_the_event_that_says_it() -> None:
    account = Traveller()
    account.does("mood.read", 0, value=100)
    signal = only(account.signs(1, starts=-300, ends=60), Kind.RENEWAL_WINDOW)
    assert (signal.at, signal.since, signal.cause) == (
        to_datetime(DAWN + DAY),
        midnight(61 - 90),
        ("web", "e2"),
    )


def test_another_end_of_the_contract_has_a_window_of_its_own() -> None:
    account = old_customer()
    account.waits(OPENS)
    renewed = account.does("contract.renewed", 300, contract_end=on(2 * YEAR).isoformat())
    assert of_kind(renewed.signals, Kind.RENEWAL_WINDOW) == []
    again = only(account.waits(2 * YEAR), Kind.RENEWAL_WINDOW)
    assert again.at == midnight(2 * YEAR + 1 - 90)


def test_a_posted_stage_does_not_hide_the_window() -> None:
    account = old_customer(stage="adoption")
    signal = only(account.waits(OPENS), Kind.RENEWAL_WINDOW)
    assert (signal.at, signal.after.stage) == (WINDOW, "adoption")


def test_who_has_left_is_told_nothing_of_a_window() -> None:
    account = old_customer()
    account.does("contract.ended", 100)
    assert told(account.waits(YEAR)) == []


def test_a_window_by_a_mistaken_date_is_withdrawn() -> None:
    account = old_customer()
    account.does("contract.changed", 100, contract_end=on(150).isoformat())
    taken_back = account.takes_back(101, "e5")
    assert [(each.kind, each.to) for each in taken_back.signals] == [(Kind.RETRACTED, "open")]
    told_then = only(old_then(), Kind.RENEWAL_WINDOW)
    assert taken_back.signals[0].episode == told_then.episode
    assert only(account.waits(OPENS), Kind.RENEWAL_WINDOW).at == WINDOW


def old_then() -> Step:
    return old_customer().does("contract.changed", 100, contract_end=on(150).isoformat())


# --- Onboarding -----------------------------------------------------------------------------------------------


def test_an_onboarding_that_is_late_is_told_once_with_the_steps_left() -> None:
    account = Traveller()
    account.signs(0.5, starts=0, ends=YEAR)
    account.does("milestone.reached", 5, step="kickoff")
    assert of_kind(account.waits(LATE - 1 / DAY).signals, Kind.ONBOARDING_LATE) == []
    signal = only(account.waits(LATE + 100), Kind.ONBOARDING_LATE)
    late = midnight(ONBOARDING_DAYS)
    assert (signal.to, signal.severity, signal.at, signal.since) == ("onboarding", Severity.WARNING, late, late)
    assert [(each.kind, each.to) for each in signal.standing] == [(Kind.MILESTONE_MISSED, "first_value")]
    assert signal.days == 14.0
    assert signal.after.stage == "adoption"
    assert signal.episode == signal.signal_id


def test_an_onboarding_that_is_done_is_not_late() -> None:
    assert of_kind(old_customer().waits(LATE + 10).signals, Kind.ONBOARDING_LATE) == []


def test_an_old_customer_who_becomes_known_is_not_late() -> None:
    account = Traveller()
    first = account.signs(0.5, starts=-200, ends=YEAR)
    assert [
        *of_kind(first.signals, Kind.ONBOARDING_LATE),
        *of_kind(account.waits(100).signals, Kind.ONBOARDING_LATE),
    ] == []


def test_an_event_that_says_that_an_account_is_older_makes_nothing_late() -> None:
    """Its first usage came before its facts: for a day it was taken to be new."""
    account = Traveller()
    account.does("session.started", 0, user_id="ann")
    assert account.place(0).stage == "onboarding"
    assert of_kind(account.signs(1, starts=-60, ends=YEAR).signals, Kind.ONBOARDING_LATE) == []
    assert of_kind(account.waits(100).signals, Kind.ONBOARDING_LATE) == []


def test_a_posted_onboarding_goes_on_and_is_late_once() -> None:
    account = Traveller()
    account.signs(0.5, starts=0, ends=YEAR, stage="onboarding")
    signal = only(account.waits(LATE + 100), Kind.ONBOARDING_LATE)
    assert (signal.at, signal.after.stage) == (midnight(ONBOARDING_DAYS), "onboarding")


# --- First value ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("starts", "days"), [(0, 20.5), (-10, 30.5), (100, 20.0)])
def test_first_value_is_told_with_the_time_it_took(starts: int, days: float) -> None:
    """Since the start of the contract, in Berlin an hour before UTC's midnight; since the first record before it."""
    account = Traveller()
    account.signs(0.5, starts=starts, ends=YEAR * 2)
    signal = only(account.does("milestone.reached", 20.5, step="first_value"), Kind.VALUE_REACHED)
    assert (signal.to, signal.severity, signal.cause) == ("first_value", Severity.INFO, ("web", "e2"))
    assert signal.days is not None
    assert abs(signal.days - days) < 0.05
    assert of_kind(account.does("milestone.reached", 21, step="first_value").signals, Kind.VALUE_REACHED) == []


def test_first_value_by_mistake_is_withdrawn_and_may_be_told_again() -> None:
    account = Traveller()
    account.signs(0.5, starts=0, ends=YEAR)
    first = only(account.does("milestone.reached", 20, step="first_value"), Kind.VALUE_REACHED)
    withdrawn = only(account.takes_back(21, "e2"), Kind.RETRACTED)
    assert (withdrawn.kind, withdrawn.to, withdrawn.episode) == (Kind.RETRACTED, "first_value", first.signal_id)
    assert of_kind(account.does("milestone.reached", 25, step="first_value").signals, Kind.VALUE_REACHED) != []


def test_first_value_that_another_event_says_too_stands() -> None:
    account = Traveller()
    account.signs(0.5, starts=0, ends=YEAR)
    account.does("milestone.reached", 20, step="first_value")
    account.does("milestone.reached", 22, step="first_value")
    assert account.takes_back(23, "e2").signals == ()
    assert only(account.takes_back(24, "e3"), Kind.RETRACTED).to == "first_value"


# --- Expansion ------------------------------------------------------------------------------------------------


def grown() -> tuple[Traveller, list[Signal]]:
    """Ten of ten people on every day from day 45 on."""
    account, found = old_customer(seats=10), list[Signal]()
    for day in range(45, 70):
        found += of_kind(account.works(day, people=10), Kind.EXPANSION_READY)
    return account, found


def test_readiness_for_expansion_is_told_after_its_ten_days() -> None:
    _, (signal,) = grown()
    assert (signal.to, signal.severity) == ("expansion", Severity.INFO)
    assert (signal.since, signal.at) == (to_datetime(DAWN + 45 * DAY), to_datetime(DAWN + 55 * DAY))
    assert signal.cause == "silence@2024-03-05T00:00:00Z"
    assert signal.after.stage == "expansion"
    assert signal.episode == signal.signal_id


@pytest.mark.parametrize(("pause", "again"), [(60, False), (90, True)])
def test_it_is_told_again_when_it_was_left_and_ninety_days_have_passed(pause: int, *, again: bool) -> None:
    account, _ = grown()
    begin = 70 + pause - 15
    found = []
    for day in range(begin, begin + 12):
        found += of_kind(account.works(day, people=10), Kind.EXPANSION_READY)
    assert bool(found) is again


def test_nobody_offers_more_to_an_account_that_is_unwell() -> None:
    account, found = old_customer(seats=10), list[Signal]()
    account.does("unpaid", 46)
    for day in range(46, 70):
        found += of_kind(account.works(day, people=10), Kind.EXPANSION_READY)
    assert found == []
    assert account.place(69).stage == "expansion"


# --- Requests, history, first looks ---------------------------------------------------------------------------


def test_a_request_is_one_step() -> None:
    """What it brings is told when it closes, and what its own events take back is not told at all."""
    account = Traveller()
    account.does("mood.read", 0, value=100)
    date = on(60).isoformat()
    assert account.does("contract.changed", 1, contract_end=date, contract_start="2023-01-10", more=True).signals == ()
    assert account.does("milestone.reached", 1, step="first_value", more=True).signals == ()
    closing = account.does("mood.read", 1, value=100)
    assert [(each.kind, each.cause) for each in closing.signals] == [
        (Kind.RENEWAL_WINDOW, ("web", "e2")),
        (Kind.VALUE_REACHED, ("web", "e3")),
    ]
    other = Traveller()
    other.does("mood.read", 0, value=100)
    other.does("contract.changed", 1, contract_end=date, contract_start="2023-01-10", more=True)
    assert other.does("contract.changed", 1, contract_end=on(500).isoformat()).signals == ()


def test_what_history_brings_is_history() -> None:
    account = Traveller()
    account.does("mood.read", 0, value=100)
    signal = only(account.does("milestone.reached", 1, step="first_value", history=True), Kind.VALUE_REACHED)
    assert signal.history


def looked(account: Traveller) -> Traveller:
    """Its first look waits for a quarter of an hour."""
    account.scorer = type(account.scorer)(account.scorer.card, "card", first_look_seconds=900)
    account.account = account.scorer.create("acme")
    return account


def test_a_first_look_says_that_a_window_is_open() -> None:
    account = looked(Traveller())
    assert account.signs(0.5, starts=-300, ends=60).signals == ()
    (look,) = account.waits(1).signals
    assert (look.kind, look.severity) == (Kind.FIRST_LOOK, Severity.INFO)
    assert [(each.kind, each.to, each.since) for each in look.standing] == [
        (Kind.RENEWAL_WINDOW, "open", midnight(61 - 90))
    ]
    assert told(account.waits(50)) == []


def test_first_value_is_told_while_a_first_look_waits() -> None:
    account = looked(Traveller())
    account.signs(0.5, starts=0, ends=YEAR)
    signal = only(account.does("milestone.reached", 0.501, step="first_value"), Kind.VALUE_REACHED)
    assert not signal.history
    imported = looked(Traveller())
    imported.signs(0.5, starts=-300, ends=YEAR)
    past = only(
        imported.does("milestone.reached", 0.501, step="first_value", late=250, history=True), Kind.VALUE_REACHED
    )
    assert past.history


def test_an_onboarding_that_is_late_is_told_although_a_later_look_waits() -> None:
    """No look says what does not stand."""
    account = looked(Traveller())
    account.signs(0.5, starts=0, ends=YEAR)
    account.does("mood.read", 0.5, value=100)
    account.waits(1)
    account.does("mood.read", LATE - 60 / DAY, value=90, late=3, history=True)
    step = account.waits(LATE + 1)
    late, look = only(step, Kind.ONBOARDING_LATE), only(step, Kind.FIRST_LOOK)
    assert (late.at, look.at) == (to_datetime(DAWN + LATE * DAY), to_datetime(DAWN + LATE * DAY + 840))


@pytest.mark.parametrize(("unpaid", "stands"), [(None, True), (46, False), (69, False)])
def test_a_later_look_offers_nothing_to_an_account_that_is_unwell(unpaid: int | None, *, stands: bool) -> None:
    account = looked(Traveller())
    account.signs(0.5, starts=0, ends=YEAR, seats=10)
    account.does("mood.read", 1, value=100)
    account.does("milestone.reached", 1, step="kickoff")
    account.does("milestone.reached", 1, step="first_value")
    for day in range(45, 70):
        if day == unpaid:
            account.does("unpaid", day)
        account.works(day, people=10)
    account.does("mood.read", 69.9, value=90, late=30, history=True)
    (look,) = of_kind(account.waits(70).signals, Kind.FIRST_LOOK)
    assert (Kind.EXPANSION_READY in {each.kind for each in look.standing}) is stands


def test_a_card_says_what_it_wants_to_hear() -> None:
    account = Traveller(replace(journey_card(), journey=replace(JOURNEY, renewal_window=None, value=None)))
    account.signs(0.5, starts=0, ends=YEAR)
    account.does("milestone.reached", 5, step="first_value")
    kinds = {signal.kind for signal in account.waits(YEAR).signals}
    assert kinds & set(JOURNEY_KINDS) == {Kind.ONBOARDING_LATE}
