"""What is told of the journey: dates and good news have a message of their own, whatever the account's health does."""

from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from alerts.decisions.account import AccountHistory, RoutedSignal
from alerts.decisions.decide import decide_account
from alerts.decisions.first_look import told_by
from alerts.decisions.reasons import DecisionReason
from alerts.samples import EXPANSION, JOURNEY, LATE, OVERRIDDEN, RENEWAL, VALUE, Sample
from common.contracts.signals import Band, Kind, MovingEvent, OpenCondition, Severity, Signal
from support.alerts_decisions import MAIL, NOBODY, SLACK, SLOW, DecidedAccount, at, band, flag

# Each is an episode of its own, as scoring has it.
OWN = (RENEWAL, EXPANSION, VALUE)


CAUSE = MovingEvent("crm", "e-7", "account.updated", at(0), 0.0)
WITHDRAWN = Sample(kind=Kind.RETRACTED, event=CAUSE, severity=Severity.INFO)


def journey(sample: Sample, *, hours: float = 0.0, **fields: Any) -> Signal:
    return replace(sample, at=at(hours), **fields).build()


@pytest.mark.parametrize("sample", JOURNEY, ids=lambda sample: sample.kind.value)
def test_it_is_told_once_and_again_after_the_repeat_interval(sample: Sample) -> None:
    account, days = DecidedAccount(), 24
    assert account.reasons(journey(sample)) == {sample.to: DecisionReason.NEW}
    account.send()
    assert account.reasons(journey(sample, hours=6 * days)) == {sample.to: DecisionReason.REPEATED}
    assert account.reasons(journey(sample, hours=8 * days)) == {sample.to: DecisionReason.AGAIN}


@pytest.mark.parametrize("sample", JOURNEY, ids=lambda sample: sample.kind.value)
def test_of_who_has_left_it_is_not_told(sample: Sample) -> None:
    account = DecidedAccount()
    account.left = True
    assert account.reasons(journey(sample)) == {sample.to: DecisionReason.LEFT}


@pytest.mark.parametrize("sample", OWN, ids=lambda sample: sample.kind.value)
def test_it_is_a_message_of_its_own_beside_the_trouble_of_the_same_moment(sample: Sample) -> None:
    account, signal = DecidedAccount(), journey(sample)
    found = account.decide(band("yellow"), flag("downgrade"), signal)
    assert sorted(account.send()) == sorted([[sample.to], ["yellow", "downgrade"]])
    assert [one.thread for one in found.messages if one.head == signal] == [signal.signal_id]


@pytest.mark.parametrize("sample", JOURNEY, ids=lambda sample: sample.kind.value)
def test_a_recovery_takes_nothing_of_it_back_and_is_not_told_for_it(sample: Sample) -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(journey(sample, event=CAUSE))
    account.decide(changed(yellow, cause=(CAUSE.source, CAUSE.event_id)), to=(NOBODY,))
    assert account.reasons(band("green", hours=1, opens=yellow)) == {"green": DecisionReason.RECOVERED_BEFORE_TOLD}
    assert account.send() == [[sample.to]]
    assert account.reasons(band("green", hours=2, opens=yellow)) == {"green": DecisionReason.RECOVERED_BEFORE_TOLD}


def test_a_late_onboarding_is_told_with_what_happens_at_the_same_time() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow, Sample(kind=Kind.MILESTONE_MISSED, to="sso_live").build(), journey(LATE))
    assert account.send() == [["yellow", "sso_live", "onboarding"]]


@pytest.mark.parametrize("sample", JOURNEY, ids=lambda sample: sample.kind.value)
def test_whoever_has_the_trouble_in_hand_hears_of_it_all_the_same(sample: Sample) -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow)
    account.send()
    account.acknowledged = {yellow.episode: Severity.WARNING}
    signal = journey(sample, hours=1)
    assert account.reasons(signal, flag("downgrade", hours=1, opens=yellow)) == {
        sample.to: DecisionReason.NEW,
        "downgrade": DecisionReason.ACKNOWLEDGED,
    }
    account.acknowledged = {signal.episode: signal.severity}
    account.send()
    assert account.reasons(band("red", hours=2, opens=yellow)) == {"red": DecisionReason.WORSE}


@pytest.mark.parametrize("sample", [RENEWAL, VALUE], ids=lambda sample: sample.kind.value)
def test_what_was_reported_by_mistake_is_amended_where_it_was_told(sample: Sample) -> None:
    account, told = DecidedAccount(), journey(sample, event=CAUSE)
    account.decide(told)
    account.send()
    found = account.decide(journey(WITHDRAWN, hours=1, to=sample.to))
    assert [one.reason for one in found.decisions] == [DecisionReason.WITHDRAWN]
    assert [one.thread for one in found.messages] == [told.episode]


def test_a_renewal_that_its_date_brought_is_amended_by_its_name() -> None:
    """The event that was a mistake said when the contract ends; the window opened in silence."""
    account, told = DecidedAccount(), journey(RENEWAL)
    account.decide(told)
    account.send()
    assert account.reasons(journey(WITHDRAWN, hours=1, to="open")) == {"open": DecisionReason.WITHDRAWN}


# --- A band that a person has set ---------------------------------------------------------------------------


def test_a_green_that_a_person_has_set_is_told_within_the_hour_and_not_after_a_day() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow, to=(SLOW,))
    account.send()
    by_hand = replace(OVERRIDDEN, at=at(1), episode=yellow.episode).build()
    assert account.reasons(by_hand, to=(SLOW,)) == {"green": DecisionReason.HELD}
    assert account.timer == at(2).timestamp()
    assert account.fire() == {"green": DecisionReason.RECOVERED}


def test_a_green_that_is_taken_back_within_the_hour_is_told_to_nobody() -> None:
    account, yellow = DecidedAccount(), band("yellow")
    account.decide(yellow, to=(SLOW,))
    account.send()
    account.decide(replace(OVERRIDDEN, at=at(1), episode=yellow.episode).build(), to=(SLOW,))
    assert account.reasons(band("yellow", hours=1.5), to=(SLOW,)) == {
        "green": DecisionReason.OVERTAKEN,
        "yellow": DecisionReason.WITHIN_RESOLVE,
    }
    assert account.send() == []


# --- What a first look told, and was a mistake --------------------------------------------------------------

LOOK = changed(
    Sample(kind=Kind.FIRST_LOOK, to="red", severity=Severity.CRITICAL, band=Band.RED).build(),
    standing=(
        OpenCondition(Kind.BAND, "red", at(0)),
        OpenCondition(Kind.FLAG, "cancel_intent", at(0)),
        OpenCondition(Kind.MILESTONE_MISSED, "kickoff", at(0)),
    ),
)


def looked(withdrawn: str, *, sure: bool = True) -> list[tuple[DecisionReason, list[str]]]:
    """The decisions about a retraction of what an address was told in a first look, and what is sent there."""
    told = tuple(told_by(LOOK, SLACK, decided=at(0).timestamp(), sure=sure))
    signal = journey(WITHDRAWN, hours=1, to=withdrawn)
    found = decide_account(
        AccountHistory("cust-001", told=told), [RoutedSignal(signal, (MAIL,))], now=signal.at.timestamp()
    )
    return [
        (one.reason, [sent.destination.receiver for sent in found.messages if sent.signals == (signal,)])
        for one in found.decisions
    ]


@pytest.mark.parametrize("name", ["cancel_intent", "kickoff"])
@pytest.mark.parametrize("sure", [True, False])
def test_whoever_had_a_first_look_hears_what_of_it_was_a_mistake(name: str, sure: bool) -> None:
    assert (DecisionReason.WITHDRAWN, [SLACK.receiver]) in looked(name, sure=sure)


def test_what_the_first_look_did_not_say_is_not_amended() -> None:
    assert looked("payment_failed") == [(DecisionReason.NOTHING_TOLD, [])]
    assert looked("red") == [(DecisionReason.NOTHING_TOLD, [])], "a band is withdrawn by no name"
