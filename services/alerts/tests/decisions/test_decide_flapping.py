"""Better news is told once it has held, and what comes back soon is the same alert."""

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from alerts.decisions.reasons import DecisionReason
from alerts.samples import Sample
from common.contracts.signals import Driver, Kind, MovingEvent, Part, Severity, Signal
from support.alerts_decisions import DAY, NOBODY, SLOW, DecidedAccount, at, band, flag

WEEK = 7 * 24.0  # hours


def told_red() -> tuple[DecidedAccount, Signal]:
    account, red = DecidedAccount(), band("red")
    account.decide(red, to=(SLOW,))
    account.send()
    return account, red


def recovered() -> tuple[DecidedAccount, Signal]:
    """Red was told, and a day later that it is over."""
    account, red = told_red()
    account.decide(band("green", hours=1, opens=red), to=(SLOW,))
    account.fire()
    account.send()
    return account, red


def test_a_recovery_is_told_once_it_has_lasted_for_resolve_after() -> None:
    account, red = told_red()
    assert account.reasons(band("green", hours=1, opens=red), to=(SLOW,)) == {"green": DecisionReason.HELD}
    assert account.send() == []
    assert account.timer == at(1 + 24).timestamp()
    assert account.fire() == {"green": DecisionReason.RECOVERED}
    assert account.send() == [["green"]]
    assert account.timer is None


def test_before_its_time_a_held_recovery_stays_as_it_is() -> None:
    account, red = told_red()
    account.decide(band("green", hours=1, opens=red), to=(SLOW,))
    due = account.timer
    found = account.decide(now=band("green", hours=20))
    assert (found.decisions, found.messages, found.dropped, found.released) == ((), (), (), {})
    assert account.timer == due


def test_a_recovery_that_came_late_and_has_lasted_already_is_told_at_once() -> None:
    account, red = told_red()
    found = account.decide(band("green", hours=1, opens=red), now=band("green", hours=30), to=(SLOW,))
    assert [one.reason for one in found.decisions] == [DecisionReason.RECOVERED]


def test_what_comes_back_before_its_recovery_was_told_is_told_by_no_new_message() -> None:
    account, red = told_red()
    account.decide(band("green", hours=1, opens=red), to=(SLOW,))
    reasons = account.reasons(band("red", hours=2), to=(SLOW,))
    assert reasons == {"green": DecisionReason.OVERTAKEN, "red": DecisionReason.WITHIN_RESOLVE}
    assert (account.send(), account.waiting(), account.timer) == ([], [], None)


def test_what_comes_back_worse_is_told_at_once_and_its_recovery_after_a_day() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow, to=(SLOW,))
    account.send()
    account.decide(band("green", hours=1, opens=yellow), to=(SLOW,))
    red = band("red", hours=2)
    assert account.reasons(red, to=(SLOW,))["red"] is DecisionReason.WORSE
    assert account.send() == [["red"]]
    account.decide(band("green", hours=3, opens=red), to=(SLOW,))
    account.fire()
    assert account.send() == [["green"]]


def test_twenty_flips_are_one_alarm_and_one_recovery_in_one_thread() -> None:
    account, first = told_red()
    red = first
    for flip in range(20):
        account.decide(band("green", hours=1 + flip, opens=red), to=(SLOW,))
        if flip < 19:
            red = band("red", hours=1.5 + flip)
            account.decide(red, to=(SLOW,))
    assert account.send() == []
    account.fire()
    assert {one.thread for _, one in account.pending} == {first.episode}
    assert account.send() == [["green"]]


def test_twenty_flips_in_one_run_are_one_alarm_and_one_recovery() -> None:
    account = DecidedAccount()
    account.decide(*flips(20), to=(SLOW,))
    assert account.send() == []  # it was over before anybody was told
    account.decide(band("red", hours=30), to=(SLOW,))
    assert account.send() == [["red"]]


def test_more_flips_than_are_remembered_are_no_second_alarm() -> None:
    account, red = told_red()
    account.decide(band("green", hours=0.01, opens=red), to=(SLOW,))
    for signal in flips(150, begin=0.02):
        account.decide(signal, to=(SLOW,))
    account.decide(band("red", hours=20), to=(SLOW,))
    assert account.send() == []


def flips(count: int, *, begin: float = 0.0) -> Iterator[Signal]:
    for flip in range(count):
        red = band("red", hours=begin + flip * 0.1)
        yield red
        yield band("green", hours=begin + flip * 0.1 + 0.05, opens=red)


def test_a_relapse_within_the_repeat_interval_is_told_by_no_new_message() -> None:
    account, _ = recovered()
    relapse = band("red", hours=100)
    assert account.reasons(relapse, to=(SLOW,)) == {"red": DecisionReason.WITHIN_REPEAT}
    assert account.send() == []
    assert account.reasons(band("green", hours=120, opens=relapse), to=(SLOW,)) == {
        "red": DecisionReason.RECOVERED_BEFORE_TOLD,
        "green": DecisionReason.RECOVERED_BEFORE_TOLD,
    }
    assert (account.send(), account.waiting(), account.timer) == ([], [], None)


def test_a_relapse_that_stands_for_two_repeat_intervals_is_told() -> None:
    """The reader takes the account for well, so silence must not last for ever."""
    account, red = recovered()
    relapse = band("red", hours=100)
    account.decide(relapse, to=(SLOW,))
    assert account.timer == at(100 + 2 * WEEK).timestamp()
    assert account.fire() == {"red": DecisionReason.STANDS}
    assert {one.thread for _, one in account.pending} == {red.episode}
    assert account.send() == [["red"]]
    account.decide(band("green", hours=500, opens=relapse), to=(SLOW,))
    account.fire()
    assert account.send() == [["green"]]


def test_a_relapse_that_gets_worse_is_told_at_once() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow, to=(SLOW,))
    account.send()
    account.decide(band("green", hours=1, opens=yellow), to=(SLOW,))
    account.fire()
    account.send()
    relapse = band("yellow", hours=50)
    account.decide(relapse, to=(SLOW,))
    reasons = account.reasons(band("red", hours=60, opens=relapse), to=(SLOW,))
    assert reasons == {"yellow": DecisionReason.OVERTAKEN, "red": DecisionReason.WORSE}
    assert account.send() == [["red"]]
    assert account.timer is None


def test_trouble_after_the_repeat_interval_is_a_new_alarm() -> None:
    account, _ = recovered()
    assert account.reasons(band("yellow", hours=1 + WEEK), to=(SLOW,)) == {"yellow": DecisionReason.NEW}


def test_the_interval_counts_from_the_end_of_the_last_trouble() -> None:
    """Weekly ups and downs are one alert, however long they go on."""
    account, _ = recovered()
    for week in range(1, 40):
        relapse = band("red", hours=week * WEEK)
        account.decide(relapse, to=(SLOW,))
        account.decide(band("green", hours=week * WEEK + 30, opens=relapse), to=(SLOW,))
        assert account.timer is None
    assert account.send() == []


def test_a_recovery_that_lasted_until_trouble_of_another_alert_came_is_told_before_it() -> None:
    """The tick that would have released it comes after the trouble."""
    account, red = told_red()
    account.decide(band("green", hours=1, opens=red), to=(SLOW,))
    account.decide(band("yellow", hours=2 * WEEK), to=(SLOW,))
    assert account.send() == [["green"], ["yellow"]]


def test_where_the_customers_own_act_cleared_the_flag_an_hour_is_enough() -> None:
    account, red = told_red()
    account.decide(paid(red, hours=1), to=(SLOW,))
    assert account.timer == at(2).timestamp()


def test_a_route_that_asks_for_less_than_an_hour_gets_it_in_any_case() -> None:
    account, red = told_red()
    account.told = [replace(one, destination=replace(SLOW, resolve_after=60.0)) for one in account.told]
    account.decide(paid(red, hours=1), to=(SLOW,))
    assert account.timer == at(1).timestamp() + 60


def test_a_cap_that_faded_in_silence_is_no_act_of_the_customers() -> None:
    account, red = told_red()
    account.decide(replace(paid(red, hours=1), cause="silence@2025-03-14T13:00:00Z"), to=(SLOW,))
    assert account.timer == at(25).timestamp()


def paid(red: Signal, *, hours: float) -> Signal:
    event = MovingEvent("billing", "e-9", "invoice.paid", at(hours), 40.0)
    parts = (Part("payment_failed", Driver.CAP, 40.0),)
    return Sample(
        to="green", at=at(hours), before=45.0, after=85.0, parts=parts, event=event, episode=red.episode
    ).build()


def test_other_news_goes_out_while_a_recovery_is_held() -> None:
    account, red = told_red()
    account.decide(band("green", hours=1, opens=red), to=(SLOW,))
    account.decide(flag("champion_left", hours=2), to=(SLOW,))
    assert account.send() == [["champion_left"]]
    assert account.waiting() == [["green"]]


def test_a_flag_that_was_told_of_a_relapse_ends_with_it() -> None:
    account, _ = recovered()
    relapse = band("red", hours=100)
    account.decide(relapse, flag("champion_left", hours=100, opens=relapse), to=(SLOW,))
    assert account.send() == [["champion_left"]]
    account.decide(band("green", hours=110, opens=relapse), to=(SLOW,))
    account.fire()
    assert account.send() == [["green"]]


@pytest.mark.parametrize("acknowledged", ["first", "second"])
def test_who_has_the_alert_in_hand_is_told_nothing_that_is_not_worse(acknowledged: str) -> None:
    account, red = told_red()
    account.decide(band("green", hours=1, opens=red), to=(SLOW,))
    again = band("red", hours=2)
    account.decide(again, to=(SLOW,))
    account.acknowledged = {(red if acknowledged == "first" else again).episode: Severity.CRITICAL}
    found = account.reasons(flag("support_storm", hours=3, opens=again), to=(SLOW,))
    assert found == {"support_storm": DecisionReason.ACKNOWLEDGED}


def test_the_recovery_of_a_relapse_that_went_elsewhere_reaches_whoever_heard_of_the_trouble() -> None:
    account, red = told_red()
    account.decide(band("green", hours=1, opens=red), to=(SLOW,))
    again = band("yellow", hours=2)
    account.decide(again, to=(NOBODY,))
    account.decide(band("green", hours=3, opens=again), to=(NOBODY,))
    account.fire()
    assert account.send() == [["green"]]


def test_trouble_whose_message_failed_on_its_way_gives_way_to_the_relapse_that_came_meanwhile() -> None:
    """The relapse was no news while the first message was taken for told; now it is told in its place."""
    account, red = DecidedAccount(), band("red")
    account.decide(red, to=(SLOW,))
    on_its_way, account.pending = account.pending, []
    account.told = [*told_red()[0].told]
    green, again = band("green", hours=1, opens=red), band("yellow", hours=2)
    account.decide(green, to=(SLOW,))
    account.decide(again, to=(SLOW,))
    account.told, account.pending = [], on_its_way
    account.newest = (green, again)
    account.decide(now=again)
    assert account.send() == [["yellow"]]


def test_a_held_recovery_of_an_account_that_has_left_is_told_all_the_same() -> None:
    account, red = told_red()
    account.decide(band("green", hours=1, opens=red), to=(SLOW,))
    account.left = True
    account.fire()
    assert account.send() == [["green"]]


def test_the_kinds_that_wait_are_told_apart_from_those_that_are_kept() -> None:
    account, red = told_red()
    found = account.decide(band("green", hours=1, opens=red), to=(SLOW,))
    [held] = found.messages
    assert held.held_until == at(1).timestamp() + DAY
    assert [one.notification for one in found.decisions] == [0]
    assert held.head.kind is Kind.BAND
