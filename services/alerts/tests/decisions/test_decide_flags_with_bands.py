"""A flag that brings a band is decided as both: one alarm, which repeats, recovers and worsens as a band does."""

import pytest

from alerts.decisions.reasons import DecisionReason
from common.contracts.signals import Severity, Signal
from support.alerts_decisions import DAY, NOBODY, SLOW, DecidedAccount, at, band, flag, flag_with_band

WEEK = 7 * 24.0  # hours


def told_flag() -> tuple[DecidedAccount, Signal]:
    account, failed = DecidedAccount(), flag_with_band("payment_failed", "yellow")
    account.decide(failed, to=(SLOW,))
    assert account.send() == [["payment_failed"]]
    return account, failed


def test_it_is_one_message_about_one_signal() -> None:
    account = DecidedAccount()
    assert account.reasons(flag_with_band("payment_failed", "red")) == {"payment_failed": DecisionReason.NEW}
    assert account.send() == [["payment_failed"]]


def test_it_heads_what_else_is_as_grave() -> None:
    account = DecidedAccount()
    red = flag_with_band("lost", "red")
    account.decide(red, flag("cancel_intent", hours=1, opens=red, severity=Severity.CRITICAL))
    assert account.send() == [["lost", "cancel_intent"]]


def test_its_recovery_is_told_to_whoever_heard_of_it_once_it_has_held() -> None:
    account, failed = told_flag()
    green = band("green", hours=1, opens=failed)
    # The routes lead nowhere for good news.
    assert account.reasons(green, to=(NOBODY,))["green"] in (DecisionReason.HELD, DecisionReason.NO_CHANNEL)
    assert account.fire() == {"green": DecisionReason.RECOVERED}
    assert account.send() == [["green"]]


def test_recovered_before_it_was_told_it_is_not_told() -> None:
    account, failed = DecidedAccount(), flag_with_band("payment_failed", "yellow")
    account.decide(failed)
    found = account.reasons(band("green", hours=1, opens=failed))
    assert found == {
        "payment_failed": DecisionReason.RECOVERED_BEFORE_TOLD,
        "green": DecisionReason.RECOVERED_BEFORE_TOLD,
    }
    assert account.send() == []


def test_a_worse_band_of_its_episode_is_told_at_once() -> None:
    account, failed = told_flag()
    assert account.reasons(band("red", hours=1, opens=failed)) == {"red": DecisionReason.WORSE}


def test_a_flag_that_makes_a_told_yellow_red_is_worse() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow)
    account.send()
    red = flag_with_band("cancel_intent", "red", hours=1, opens=yellow)
    assert account.reasons(red) == {"cancel_intent": DecisionReason.WORSE}


def test_better_but_not_well_after_it_is_no_message() -> None:
    account, red = DecidedAccount(), flag_with_band("cancel_intent", "red")
    account.decide(red)
    account.send()
    assert account.reasons(band("yellow", hours=1, opens=red)) == {"yellow": DecisionReason.BETTER}


def test_the_same_flag_and_band_back_before_the_recovery_was_told_are_the_same_alarm() -> None:
    account, failed = told_flag()
    account.decide(band("green", hours=1, opens=failed), to=(SLOW,))
    again = flag_with_band("payment_failed", "yellow", hours=2)
    assert account.reasons(again, to=(SLOW,))["payment_failed"] is DecisionReason.WITHIN_RESOLVE
    assert account.waiting() == []
    assert account.timer is None


def test_the_same_after_a_told_recovery_waits_and_is_told_only_if_it_lasts() -> None:
    account, failed = told_flag()
    account.decide(band("green", hours=1, opens=failed), to=(SLOW,))
    account.fire()
    account.send()
    again = flag_with_band("payment_failed", "yellow", hours=30)
    assert account.reasons(again, to=(SLOW,)) == {"payment_failed": DecisionReason.WITHIN_REPEAT}
    assert account.send() == []
    assert account.timer == at(30 + 2 * WEEK).timestamp()
    assert account.fire() == {"payment_failed": DecisionReason.STANDS}


def test_another_flag_is_news_though_its_band_is_not() -> None:
    """The same alert is yellow again; that the champion left nobody has heard of."""
    account, failed = told_flag()
    account.decide(band("green", hours=1, opens=failed), to=(SLOW,))
    account.fire()
    account.send()
    left = flag_with_band("champion_left", "yellow", hours=30)
    assert account.reasons(left, to=(SLOW,)) == {"champion_left": DecisionReason.NEW}
    assert account.send() == [["champion_left"]]
    assert account.timer is None


def test_after_the_repeat_interval_it_is_told_again() -> None:
    account, failed = told_flag()
    account.decide(band("green", hours=1, opens=failed), to=(SLOW,))
    account.fire()
    account.send()
    later = flag_with_band("payment_failed", "yellow", hours=24 + 3 * WEEK)
    assert account.reasons(later, to=(SLOW,)) == {"payment_failed": DecisionReason.NEW}


def test_twenty_flips_are_one_alarm_and_one_all_clear() -> None:
    account, told = DecidedAccount(), list[list[str]]()
    for flip in range(20):
        failed = flag_with_band("payment_failed", "yellow", hours=flip / 10)
        account.decide(failed, to=(SLOW,))
        told += account.send()
        account.decide(band("green", hours=flip / 10 + 0.05, opens=failed), to=(SLOW,))
        told += account.send()
    account.fire()
    told += account.send()
    assert told == [["payment_failed"], ["green"]]


def test_a_newer_band_overtakes_its_band_and_leaves_the_flag() -> None:
    account, failed = DecidedAccount(), flag_with_band("payment_failed", "yellow")
    account.decide(failed)
    found = account.reasons(band("red", hours=1, opens=failed))
    assert found == {"payment_failed": DecisionReason.NEW, "red": DecisionReason.NEW}
    assert account.send() == [["red", "payment_failed"]]


def test_a_relapse_that_waits_is_overtaken_whole_by_a_worse_band() -> None:
    """The flag itself was told within the repeat interval, so only its band made it wait."""
    account, failed = told_flag()
    account.decide(band("green", hours=1, opens=failed), to=(SLOW,))
    account.fire()
    account.send()
    again = flag_with_band("payment_failed", "yellow", hours=30)
    account.decide(again, to=(SLOW,))
    found = account.reasons(band("red", hours=31, opens=again), to=(SLOW,))
    assert found["payment_failed"] is DecisionReason.OVERTAKEN
    assert account.send() == [["red"]]


def test_the_same_flag_with_a_worse_band_replaces_the_one_that_waits() -> None:
    account = DecidedAccount()
    yellow = flag_with_band("payment_failed", "yellow")
    account.decide(yellow)
    account.decide(flag_with_band("payment_failed", "red", hours=1, opens=yellow))
    assert account.send() == [["payment_failed"]]


def test_a_band_of_an_acknowledged_flag_is_silent_until_it_gets_worse() -> None:
    account, failed = told_flag()
    account.acknowledged = {failed.episode: Severity.WARNING}
    storm = flag("support_storm", hours=1, opens=failed)
    assert account.reasons(storm) == {"support_storm": DecisionReason.ACKNOWLEDGED}
    red = flag_with_band("cancel_intent", "red", hours=2, opens=failed)
    assert account.reasons(red) == {"cancel_intent": DecisionReason.WORSE}


def test_trouble_by_a_flag_that_comes_back_soon_goes_on_in_its_thread() -> None:
    account, failed = told_flag()
    account.decide(band("green", hours=1, opens=failed), to=(SLOW,))
    account.fire()
    account.send()
    worse = band("red", hours=DAY / 3600 + 5)
    account.decide(worse, to=(SLOW,))
    [(_, message)] = account.pending
    assert message.thread == failed.episode


@pytest.mark.parametrize("name", ["payment_failed", "champion_left"])
def test_a_flag_that_brings_no_band_is_no_band_alarm(name: str) -> None:
    account = DecidedAccount()
    account.decide(flag(name))
    account.send()
    assert account.bands == []
    assert account.reasons(band("yellow", hours=1)) == {"yellow": DecisionReason.NEW}
