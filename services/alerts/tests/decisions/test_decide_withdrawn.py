"""What becomes of a message whose cause was reported by mistake."""

from typing import Any

import pytest

from alerts.decisions.account import AccountHistory, RoutedSignal, ToldSignal
from alerts.decisions.decide import address_key_of, decide_account
from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination
from alerts.samples import Sample
from common.contracts.ids import signal_id, silence
from common.contracts.signals import Band, Kind, MovingEvent, Severity, Signal
from support.alerts_decisions import MAIL, NOBODY, SLACK, DecidedAccount, at, band

CAUSE = MovingEvent("crm", "e-7", "contract.cancel_requested", at(0), -60.0)
BOTH = (SLACK, MAIL)


def caused(kind: Kind, to: str, *, hours: float = 0.0, cause: MovingEvent | None = CAUSE, **more: Any) -> Signal:
    return Sample(kind=kind, to=to, at=at(hours), event=cause, **more).build()


def retracted(to: str, *, hours: float = 1.0, episode: str | None = None) -> Signal:
    return caused(Kind.RETRACTED, to, hours=hours, severity=Severity.INFO, episode=episode)


FLAG = caused(Kind.FLAG, "cancel_intent", severity=Severity.CRITICAL)
RED = caused(Kind.BAND, "red", after=10.0)
WITHDRAWN = retracted("cancel_intent", episode=RED.episode)
FLAG_WITH_RED = caused(
    Kind.FLAG, "cancel_intent", severity=Severity.CRITICAL, after=10.0, was=Band.GREEN, band=Band.RED
)
REASONS = {
    Kind.FLAG: "cancel_intent",
    Kind.OUTCOME: "churned",
    Kind.CONTRACTION: "arr",
    Kind.MILESTONE_MISSED: "essay",
}


@pytest.mark.parametrize(("kind", "to"), REASONS.items())
def test_what_was_told_is_amended_once_in_the_same_thread(kind: Kind, to: str) -> None:
    account, told, withdrawn = DecidedAccount(), caused(kind, to), retracted(to)
    account.decide(told)
    account.send()
    found = account.decide(withdrawn)
    assert [one.reason for one in found.decisions] == [DecisionReason.WITHDRAWN]
    assert [(one.thread, one.destination) for one in found.messages] == [(told.episode, SLACK)]
    assert account.send() == [[to]]


def test_a_step_that_silence_missed_is_amended_by_its_name() -> None:
    account = DecidedAccount()
    missed = caused(Kind.MILESTONE_MISSED, "essay", cause=None)
    assert missed.cause == silence(int(missed.at.timestamp()))
    account.decide(missed)
    account.send()
    assert account.reasons(retracted("essay")) == {"essay": DecisionReason.WITHDRAWN}


def test_a_message_with_a_band_and_its_flag_is_amended_and_the_recovery_is_told_as_ever() -> None:
    account = DecidedAccount()
    account.decide(FLAG, RED)
    account.send()
    assert account.reasons(WITHDRAWN, band("green", hours=1, opens=RED)) == {
        "cancel_intent": DecisionReason.WITHDRAWN,
        "green": DecisionReason.RECOVERED,
    }
    assert sorted(account.send()) == [["cancel_intent"], ["green"]]


def test_a_band_that_was_told_for_its_flag_is_amended_too() -> None:
    """The flag was not a signal of its own."""
    account = DecidedAccount()
    account.decide(RED)
    account.send()
    assert account.reasons(WITHDRAWN) == {"cancel_intent": DecisionReason.WITHDRAWN}


def test_whoever_was_told_is_told_wherever_the_routes_lead_now() -> None:
    account = DecidedAccount()
    account.decide(FLAG, to=BOTH)
    account.send()
    found = account.decide(WITHDRAWN, to=(NOBODY,))
    assert sorted(str(address_key_of(one.destination)) for one in found.messages) == sorted(
        str(address_key_of(one)) for one in BOTH
    )


@pytest.mark.parametrize("sure", [True, False])
def test_an_attempt_without_an_answer_may_have_told_it(sure: bool) -> None:
    account = DecidedAccount()
    account.decide(FLAG)
    if sure:
        account.send(sure=False)
    else:
        account.unanswered()
    assert account.reasons(WITHDRAWN)["cancel_intent"] is DecisionReason.WITHDRAWN
    assert account.waiting() == [["cancel_intent"]]


def test_what_was_never_sent_is_not_sent_any_more() -> None:
    account = DecidedAccount()
    account.decide(FLAG)
    found = account.decide(WITHDRAWN)
    assert {one.signal_id: one.reason for one in found.decisions} == {
        FLAG.signal_id: DecisionReason.WITHDRAWN_BEFORE_TOLD,
        WITHDRAWN.signal_id: DecisionReason.WITHDRAWN_BEFORE_TOLD,
    }
    assert account.send() == []


def test_raised_and_retracted_in_one_run_is_two_reasons_and_no_message() -> None:
    account = DecidedAccount()
    found = account.decide(FLAG, RED, WITHDRAWN, band("green", hours=1, opens=RED))
    assert {one.reason for one in found.decisions} == {
        DecisionReason.WITHDRAWN_BEFORE_TOLD,
        DecisionReason.RECOVERED_BEFORE_TOLD,
    }
    assert account.send() == []


@pytest.mark.parametrize("to", [(SLACK,), (NOBODY,)])
def test_a_band_that_stands_without_its_flag_says_that_the_flag_was_a_mistake(to: tuple[Destination, ...]) -> None:
    """Its message names the flag, and is still to be sent."""
    account = DecidedAccount()
    account.decide(FLAG, RED)
    account.decide(WITHDRAWN, to=to)
    assert account.send() == [["red", "cancel_intent"]]


def test_of_what_nobody_was_told_nobody_is_told_that_it_was_a_mistake() -> None:
    account = DecidedAccount()
    assert account.reasons(WITHDRAWN) == {"cancel_intent": DecisionReason.NOTHING_TOLD}
    other = caused(Kind.FLAG, "cancel_intent", cause=MovingEvent("crm", "e-8", "n", at(0), -1.0))
    account.decide(other)
    account.send()
    assert account.reasons(retracted("cancel_intent", hours=2)) == {"cancel_intent": DecisionReason.NOTHING_TOLD}
    assert account.send() == []


def test_the_same_is_told_anew_after_it_was_withdrawn() -> None:
    account = DecidedAccount()
    account.decide(FLAG)
    account.send()
    account.decide(WITHDRAWN)
    again = caused(Kind.FLAG, "cancel_intent", hours=2, cause=MovingEvent("crm", "e-9", "n", at(2), -1.0))
    assert account.reasons(again)["cancel_intent"] is DecisionReason.NEW, "before the withdrawal is sent"
    account.send()
    once_more = caused(Kind.FLAG, "cancel_intent", hours=3, cause=MovingEvent("crm", "e-10", "n", at(3), -1.0))
    assert account.reasons(once_more) == {"cancel_intent": DecisionReason.REPEATED}
    account = DecidedAccount()
    for signal in (FLAG, WITHDRAWN):
        account.decide(signal)
        account.send()
    assert account.reasons(again) == {"cancel_intent": DecisionReason.NEW}, "and after it"


def test_an_account_that_left_or_was_acknowledged_is_amended_all_the_same() -> None:
    account = DecidedAccount()
    account.decide(FLAG)
    account.send()
    account.left, account.acknowledged = True, {FLAG.episode: Severity.CRITICAL}
    assert account.reasons(WITHDRAWN) == {"cancel_intent": DecisionReason.WITHDRAWN}


def test_a_receiver_who_was_told_another_way_is_amended_there() -> None:
    two_ways = SLACK.__class__(SLACK.receiver, (*SLACK.ways, *MAIL.ways), SLACK.path, SLACK.repeat_interval)
    by_mail = SLACK.__class__(SLACK.receiver, MAIL.ways, SLACK.path, SLACK.repeat_interval)
    found = decide_account(
        AccountHistory("cust-001", told=(ToldSignal(FLAG, by_mail, 0.0),)),
        [RoutedSignal(WITHDRAWN, (two_ways,))],
        now=WITHDRAWN.at.timestamp(),
    )
    assert [(one.reason, one.destination) for one in found.decisions] == [(DecisionReason.WITHDRAWN, by_mail)]


def test_the_withdrawal_has_an_id_of_its_own() -> None:
    assert WITHDRAWN.signal_id == signal_id("cust-001", FLAG.card_id, "retracted", "cancel_intent", ("crm", "e-7"))
    assert WITHDRAWN.signal_id != FLAG.signal_id


def test_another_cause_of_the_same_flag_stays_told() -> None:
    account = DecidedAccount()
    other = caused(Kind.FLAG, "cancel_intent", cause=MovingEvent("crm", "e-8", "n", at(0), -1.0))
    account.decide(other)
    account.send()
    again = caused(Kind.FLAG, "cancel_intent", hours=2, cause=MovingEvent("crm", "e-9", "n", at(2), -1.0))
    found = account.decide(WITHDRAWN, again)
    assert [one.reason for one in found.decisions] == [DecisionReason.NOTHING_TOLD, DecisionReason.REPEATED]


@pytest.mark.parametrize("recovers", [True, False])
def test_a_flag_that_brought_its_band_is_amended_in_its_thread(recovers: bool) -> None:
    account = DecidedAccount()
    account.decide(FLAG_WITH_RED)
    account.send()
    withdrawn = retracted("cancel_intent", episode=FLAG_WITH_RED.episode)
    found = account.decide(withdrawn, *([band("green", hours=1, opens=FLAG_WITH_RED)] if recovers else []))
    assert found.decisions[0].reason is DecisionReason.WITHDRAWN
    assert [one.thread for one in found.messages] == [FLAG_WITH_RED.episode] * (1 + recovers)


def test_a_flag_with_its_band_is_news_again_after_it_was_withdrawn() -> None:
    account = DecidedAccount()
    account.decide(FLAG_WITH_RED)
    account.send()
    account.decide(
        retracted("cancel_intent", episode=FLAG_WITH_RED.episode), band("green", hours=1, opens=FLAG_WITH_RED)
    )
    account.send()
    later = MovingEvent("crm", "e-9", "n", at(2), -1.0)
    again = caused(Kind.FLAG, "cancel_intent", hours=2, cause=later, after=10.0, was=Band.GREEN, band=Band.RED)
    assert account.reasons(again)["cancel_intent"] is DecisionReason.NEW


def test_a_flag_that_waits_with_its_band_stays_only_for_the_band() -> None:
    """Red still stands, so the reader hears of it, and that what it names was a mistake."""
    account = DecidedAccount()
    account.decide(FLAG_WITH_RED)
    account.decide(retracted("cancel_intent", episode=FLAG_WITH_RED.episode))
    assert account.send() == [["cancel_intent", "cancel_intent"]]


@pytest.mark.parametrize(("to", "sent"), [("yellow", [["yellow", "cancel_intent"]]), ("green", [])])
def test_a_flag_that_waits_with_its_band_goes_once_the_band_is_another(to: str, sent: list[list[str]]) -> None:
    account = DecidedAccount()
    account.decide(FLAG_WITH_RED)
    withdrawn = retracted("cancel_intent", episode=FLAG_WITH_RED.episode)
    account.decide(withdrawn, band(to, hours=1, opens=FLAG_WITH_RED))
    assert account.send() == sent


def test_a_flag_whose_band_is_no_news_is_not_sent_any_more() -> None:
    account = DecidedAccount()
    account.decide(RED)
    account.send()
    cause = MovingEvent("crm", "e-8", "n", at(1), -1.0)
    flag = caused(
        Kind.FLAG, "downgrade", hours=1, cause=cause, episode=RED.episode, after=10.0, was=Band.YELLOW, band=Band.RED
    )
    assert account.reasons(flag) == {"downgrade": DecisionReason.NEW}
    withdrawn = caused(Kind.RETRACTED, "downgrade", hours=2, cause=cause, episode=RED.episode)
    account.decide(withdrawn)
    assert account.send() == []
