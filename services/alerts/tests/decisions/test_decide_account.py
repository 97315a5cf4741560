"""What is told of an account and what is not, and why: one case after the other."""

from alerts.decisions.reasons import DecisionReason
from common.contracts.signals import Severity
from support.alerts_decisions import MAIL, NOBODY, SLACK, DecidedAccount, band, flag, outcome


def test_the_first_of_an_episode_is_told_and_its_recovery_too() -> None:
    account, red = DecidedAccount(), band("red")
    assert account.reasons(red) == {"red": DecisionReason.NEW}
    assert account.send() == [["red"]]
    assert account.reasons(band("green", hours=5, opens=red)) == {"green": DecisionReason.RECOVERED}
    assert account.send() == [["green"]]


def test_worse_than_last_told_is_told_and_what_is_not_worse_is_not() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow)
    account.send()
    assert account.reasons(band("red", hours=1, opens=yellow)) == {"red": DecisionReason.WORSE}
    account.send()
    assert account.reasons(band("yellow", hours=2, opens=yellow)) == {"yellow": DecisionReason.BETTER}
    assert account.reasons(band("red", hours=3, opens=yellow)) == {"red": DecisionReason.NOT_WORSE}
    assert account.send() == []


def test_the_same_band_is_told_again_once_the_repeat_interval_has_passed() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    account.send()
    assert account.reasons(band("red", hours=7 * 24, opens=red)) == {"red": DecisionReason.AGAIN}


def test_never_told_and_recovered_is_not_sent() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    found = account.reasons(band("green", hours=1, opens=red))
    assert set(found.values()) == {DecisionReason.RECOVERED_BEFORE_TOLD}
    assert account.send() == []


def test_red_and_back_in_one_run_is_two_reasons_and_no_message() -> None:
    account, red = DecidedAccount(), band("red")
    assert account.reasons(red, band("green", hours=1, opens=red)) == {
        "red": DecisionReason.RECOVERED_BEFORE_TOLD,
        "green": DecisionReason.RECOVERED_BEFORE_TOLD,
    }
    assert account.send() == []


def test_of_what_was_not_told_only_the_newest_band_stands() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow)
    assert account.reasons(band("red", hours=1, opens=yellow))["red"] is DecisionReason.NEW
    assert account.send() == [["red"]]


def test_red_that_became_yellow_before_it_was_told_is_told_as_yellow() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    account.decide(band("yellow", hours=1, opens=red))
    assert account.send() == [["yellow"]]


def test_a_red_that_overtook_a_told_yellow_and_went_back_leaves_nothing_to_say() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow)
    account.send()
    account.decide(band("red", hours=1, opens=yellow))
    account.decide(band("yellow", hours=2, opens=yellow))
    assert account.send() == []


def test_a_flag_and_the_band_it_brings_are_one_message_with_the_band_at_its_head() -> None:
    account = DecidedAccount()
    assert account.reasons(flag("payment_failed"), band("red")) == {
        "payment_failed": DecisionReason.NEW,
        "red": DecisionReason.NEW,
    }
    assert account.send() == [["red", "payment_failed"]]


def test_the_gravest_heads_a_message() -> None:
    account = DecidedAccount()
    account.decide(
        band("yellow"), flag("cancel_intent", hours=1, severity=Severity.CRITICAL), flag("downgrade", hours=2)
    )
    assert account.send() == [["cancel_intent", "yellow", "downgrade"]]


def test_a_flag_that_comes_while_a_band_waits_to_be_sent_joins_its_message() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    found = account.decide(flag("support_storm", hours=1, opens=red))
    assert found.dropped == ("n-1",)
    assert [one.reason for one in found.decisions] == [
        DecisionReason.NEW,
        DecisionReason.NEW,
    ]  # each of the new message
    assert account.send() == [["red", "support_storm"]]


def test_a_flickering_flag_is_told_once_within_the_repeat_interval() -> None:
    account = DecidedAccount()
    account.decide(flag("support_storm"))
    account.send()
    assert account.reasons(flag("support_storm", hours=3)) == {"support_storm": DecisionReason.REPEATED}
    assert account.reasons(flag("support_storm", hours=8 * 24)) == {"support_storm": DecisionReason.AGAIN}


def test_a_flag_that_flickers_before_it_is_told_is_in_its_message_once() -> None:
    account = DecidedAccount()
    account.decide(flag("support_storm"), flag("support_storm", hours=1))
    assert account.send() == [["support_storm"]]


def test_a_flag_that_came_with_a_band_goes_with_it() -> None:
    """The band's episode closes; the flag, of an episode of its own, has the same cause and was never told."""
    account, red = DecidedAccount(), band("red")
    account.decide(flag("payment_failed"), red)
    found = account.reasons(band("green", hours=1, opens=red))
    assert found["green"] is DecisionReason.RECOVERED_BEFORE_TOLD
    assert account.send() == []


def test_a_flag_of_another_cause_stands_when_the_band_recovers() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    account.decide(flag("champion_left", hours=1))
    account.decide(band("green", hours=2, opens=red))
    assert account.send() == [["champion_left"]]


def test_the_recovery_goes_to_whoever_was_told_wherever_routes_lead_now() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red, to=(SLACK,))
    account.send()
    assert account.reasons(band("green", hours=1, opens=red), to=(NOBODY,)) == {"green": DecisionReason.RECOVERED}
    assert account.address_keys() == ["slack:U1"]


def test_a_receiver_who_was_never_told_hears_no_recovery() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red, to=(SLACK,))
    account.send()
    found = account.decide(band("green", hours=1, opens=red), to=(MAIL,))
    assert {one.destination.receiver: one.reason for one in found.decisions if one.destination} == {
        "owner": DecisionReason.RECOVERED,
        "desk": DecisionReason.RECOVERED_BEFORE_TOLD,
    }
    assert account.address_keys() == ["slack:U1"]


def test_two_receivers_are_told_each_for_itself() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow, to=(SLACK,))
    account.send()
    found = account.decide(band("red", hours=1, opens=yellow), to=(SLACK, MAIL))
    assert {one.destination.receiver: one.reason for one in found.decisions if one.destination} == {
        "owner": DecisionReason.WORSE,
        "desk": DecisionReason.NEW,
    }


def test_a_band_that_routes_lead_elsewhere_still_overtakes_what_waits_here() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red, to=(SLACK,))
    account.decide(band("yellow", hours=1, opens=red), to=(MAIL,))
    assert account.address_keys() == ["email:desk@example.com"]


def test_a_receiver_without_a_channel_is_a_reason_of_its_own() -> None:
    account = DecidedAccount()
    found = account.decide(band("yellow"), to=(NOBODY,))
    assert [(one.reason, one.notification) for one in found.decisions] == [(DecisionReason.NO_CHANNEL, None)]
    assert found.messages == ()


def test_what_may_have_arrived_is_closed_when_it_recovers() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    account.unanswered()
    account.decide(band("green", hours=1, opens=red))
    assert account.send() == [["green"]]


def test_what_may_have_arrived_is_no_reason_to_keep_silent() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    account.unanswered()
    account.decide(band("yellow", hours=1, opens=red))
    assert account.send() == [["yellow"]]


def test_an_acknowledged_episode_is_silent_until_it_gets_worse_or_recovers() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow)
    account.send()
    account.acknowledged[yellow.episode] = Severity.WARNING
    assert account.reasons(flag("support_storm", hours=1, opens=yellow)) == {
        "support_storm": DecisionReason.ACKNOWLEDGED
    }
    assert account.reasons(band("red", hours=2, opens=yellow)) == {"red": DecisionReason.WORSE}
    account.send()
    assert account.reasons(band("green", hours=3, opens=yellow)) == {"green": DecisionReason.RECOVERED}


def test_nothing_more_is_told_of_an_account_that_has_left_but_its_next_outcome() -> None:
    account = DecidedAccount()
    account.left = True
    assert account.reasons(band("red"), outcome("renewed")) == {
        "red": DecisionReason.LEFT,
        "renewed": DecisionReason.NEW,
    }
    assert account.send() == [["renewed"]]


def test_a_message_that_would_read_the_same_stays_as_it_is() -> None:
    account = DecidedAccount()
    account.decide(band("red"))
    found = account.decide(now=band("red", hours=1))
    assert (found.decisions, found.messages, found.dropped) == ((), (), ())
    assert account.waiting() == [["red"]]


def test_a_message_that_failed_on_its_way_gives_way_to_what_came_meanwhile() -> None:
    """Yellow was on its way when red came, so both wait now: only red still stands."""
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow)
    on_its_way = account.pending
    account.pending = []
    account.decide(band("red", hours=1, opens=yellow))
    account.pending = [*on_its_way, *account.pending]
    account.decide(now=band("red", hours=1))
    assert account.send() == [["red"]]


def test_a_recovery_and_another_trouble_after_it_are_two_messages_in_order() -> None:
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    account.send()
    account.decide(band("green", hours=1, opens=red), flag("champion_left", hours=2))
    assert account.send() == [["green"], ["champion_left"]]


def test_two_messages_that_wait_with_the_same_signal_become_one() -> None:
    """Two ways have come together at one address: one of them was handed on to it."""
    account, red = DecidedAccount(), band("red")
    account.decide(red)
    account.pending.append(("n-2", account.pending[0][1]))
    account.decide(now=red)
    assert account.send() == [["red"]]
