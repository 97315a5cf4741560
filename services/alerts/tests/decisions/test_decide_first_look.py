"""First looks: gathered when they come, decided again when their person is told."""

from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from alerts.decisions.account import AccountHistory, RoutedSignal, ToldSignal
from alerts.decisions.decide import decide_account
from alerts.decisions.first_look import GatheredMember, tell_gathering, told_by
from alerts.decisions.joining import past_signal
from alerts.decisions.reasons import DecisionReason
from alerts.samples import Sample
from common.contracts.signals import Kind, OpenCondition, Severity, Signal
from support.alerts_decisions import MAIL, NOBODY, SLACK, WEEK, at, band, flag, flag_with_band

RED = GatheredMember(signal_id="s", account_id="a", band="red", severity=Severity.CRITICAL, open=0)


def first_look(to: str, *flags: str, hours: float = 0.0) -> Signal:
    standing = [OpenCondition(Kind.FLAG, name, at(hours)) for name in flags]
    signal = Sample(kind=Kind.FIRST_LOOK, to=to, at=at(hours), severity=Severity.WARNING).build()
    return replace(signal, standing=tuple(standing))


def reasons(history: AccountHistory, *looks: Signal, to: Any = (SLACK,), hours: float = 0.0) -> list[DecisionReason]:
    decided = decide_account(history, [RoutedSignal(one, to) for one in looks], now=at(hours).timestamp())
    assert decided.messages == ()
    return [one.reason for one in decided.decisions]


def told(look: Signal, *, hours: float, sure: bool = True) -> AccountHistory:
    return AccountHistory("cust-001", told=tuple(told_by(look, SLACK, decided=at(hours).timestamp(), sure=sure)))


def test_a_first_look_is_gathered_at_each_address_and_makes_no_message_of_its_own() -> None:
    decided = decide_account(
        AccountHistory("cust-001"), [RoutedSignal(first_look("red"), (SLACK, MAIL, NOBODY))], now=at(0).timestamp()
    )

    assert [one.destination for one in decided.gathered] == [SLACK, MAIL]
    assert [one.reason for one in decided.decisions] == [
        DecisionReason.NO_CHANNEL,
        DecisionReason.GATHERED,
        DecisionReason.GATHERED,
    ]


def test_news_in_the_same_batch_is_told_as_usual() -> None:
    signals = [RoutedSignal(first_look("yellow"), (SLACK,)), RoutedSignal(band("red", hours=1), (SLACK,))]
    decided = decide_account(AccountHistory("cust-001"), signals, now=at(1).timestamp())

    assert [one.signals for one in decided.messages] == [(signals[1].signal,)]
    assert [one.signal for one in decided.gathered] == [signals[0].signal]


def test_of_two_looks_of_one_account_the_newer_stands() -> None:
    looks = [first_look("yellow"), first_look("red", hours=1)]
    decided = decide_account(
        AccountHistory("cust-001"), [RoutedSignal(one, (SLACK,)) for one in looks], now=at(1).timestamp()
    )

    assert [one.signal for one in decided.gathered] == looks[1:]
    assert (decided.decisions[-1].signal_id, decided.decisions[-1].reason) == (
        looks[0].signal_id,
        DecisionReason.OVERTAKEN,
    )


def test_of_an_account_that_has_left_nothing_is_gathered() -> None:
    assert reasons(AccountHistory("cust-001", left=True), first_look("red")) == [DecisionReason.LEFT]


@pytest.mark.parametrize(
    ("before", "again", "hours", "reason"),
    [
        # The same, and less, is known; what is worse or new is not.
        (first_look("yellow"), first_look("yellow", hours=9), 9, DecisionReason.REPEATED),
        (first_look("red"), first_look("yellow", hours=9), 9, DecisionReason.REPEATED),
        (first_look("yellow"), first_look("red", hours=9), 9, DecisionReason.GATHERED),
        (first_look("red"), first_look("red", "gone_quiet", hours=9), 9, DecisionReason.GATHERED),
        (first_look("red", "gone_quiet"), first_look("red", "gone_quiet", hours=9), 9, DecisionReason.REPEATED),
        (first_look("green", "gone_quiet"), first_look("green", "gone_quiet", hours=9), 9, DecisionReason.REPEATED),
        # The repeat interval is over.
        (first_look("red"), first_look("red", hours=WEEK / 3600), WEEK / 3600, DecisionReason.GATHERED),
        # A healthy account counts among those that came in.
        (first_look("red"), first_look("green", hours=9), 9, DecisionReason.GATHERED),
    ],
)
def test_what_was_told_is_not_told_again_after_a_second_import(
    before: Signal, again: Signal, hours: float, reason: DecisionReason
) -> None:
    assert reasons(told(before, hours=0), again, hours=hours) == [reason]


@pytest.mark.parametrize(
    ("live", "again", "reason"),
    [
        (flag_with_band("payment_failed", "red"), first_look("red", "payment_failed"), DecisionReason.REPEATED),
        (flag_with_band("payment_failed", "red"), first_look("yellow"), DecisionReason.REPEATED),
        (flag_with_band("payment_failed", "yellow"), first_look("red", "payment_failed"), DecisionReason.GATHERED),
        (flag_with_band("payment_failed", "red"), first_look("red", "gone_quiet"), DecisionReason.GATHERED),
        # The flag alone says nothing of the band.
        (flag("payment_failed"), first_look("red", "payment_failed"), DecisionReason.GATHERED),
    ],
)
def test_a_flag_that_was_told_before_the_look_has_told_its_band(
    live: Signal, again: Signal, reason: DecisionReason
) -> None:
    history = AccountHistory("cust-001", told=(ToldSignal(past_signal(live), SLACK, at(0).timestamp()),))
    assert reasons(history, again, hours=1) == [reason]


def test_what_was_told_elsewhere_or_perhaps_not_at_all_is_told() -> None:
    look = first_look("red", hours=9)
    assert reasons(told(first_look("red"), hours=0), look, to=(MAIL,), hours=9) == [DecisionReason.GATHERED]
    assert reasons(told(first_look("red"), hours=0, sure=False), look, hours=9) == [DecisionReason.GATHERED]


def test_after_the_recovery_was_told_a_second_import_is_news() -> None:
    first = first_look("red")
    history = told(first, hours=0)
    green = replace(history.told[0], signal=replace(history.told[0].signal, to="green"))
    again = AccountHistory("cust-001", told=(*history.told, green))
    assert reasons(again, first_look("red", hours=9), hours=9) == [DecisionReason.GATHERED]


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({}, DecisionReason.FIRST_LOOK),
        ({"band": "yellow"}, DecisionReason.FIRST_LOOK),
        ({"band": "green", "open": 1}, DecisionReason.FIRST_LOOK),
        ({"band": "insufficient_data", "open": 1}, DecisionReason.FIRST_LOOK),
        ({"band": "green"}, DecisionReason.NOTHING_STANDS),
        ({"band": "insufficient_data"}, DecisionReason.NOTHING_STANDS),
        ({"newer_band": "green"}, DecisionReason.RECOVERED_BEFORE_TOLD),
        ({"newer_band": "red", "band": "yellow"}, DecisionReason.OVERTAKEN),
        ({"left": True}, DecisionReason.LEFT),
        ({"left": True, "band": "green"}, DecisionReason.NOTHING_STANDS),
        ({"acknowledged": Severity.CRITICAL}, DecisionReason.ACKNOWLEDGED),
        # It has got worse since somebody took it in hand.
        ({"acknowledged": Severity.WARNING}, DecisionReason.FIRST_LOOK),
    ],
)
def test_when_the_person_is_told_each_account_has_a_reason(fields: dict[str, Any], reason: DecisionReason) -> None:
    found = tell_gathering([replace(RED, **fields)])
    assert found.reasons == {"s": reason}
    assert len(found.told) == (reason is DecisionReason.FIRST_LOOK)


def test_red_comes_first_then_what_is_worth_most_then_the_next_renewal() -> None:
    soon, late = date(2025, 4, 1), date(2025, 9, 1)
    members = [
        replace(RED, signal_id="flag", account_id="flag", band="green", severity=Severity.WARNING, open=1, arr=9e6),
        replace(RED, signal_id="yellow", account_id="yellow", band="yellow", severity=Severity.WARNING, arr=8e6),
        replace(RED, signal_id="unknown", account_id="unknown"),
        replace(RED, signal_id="late", account_id="late", arr=5e4, contract_end=late),
        replace(RED, signal_id="soon", account_id="soon", arr=5e4, contract_end=soon),
        replace(RED, signal_id="big", account_id="big", arr=6e4),
    ]
    found = tell_gathering(members)
    assert [one.signal_id for one in found.told] == ["big", "soon", "late", "unknown", "flag", "yellow"]
    assert (found.summary.red, found.summary.yellow, found.summary.other) == (4, 1, 1)
    assert found.summary.arr == 9e6 + 8e6 + 5e4 + 5e4 + 6e4


def test_who_is_well_and_up_for_renewal_is_counted_apart_and_comes_last() -> None:
    renewing = replace(RED, signal_id="r", account_id="r", band="green", severity=Severity.INFO, open=1, arr=9e6)
    flagged = replace(renewing, signal_id="f", account_id="f", severity=Severity.WARNING, arr=1e3)
    found = tell_gathering([renewing, flagged, replace(renewing, signal_id="w", open=0)])
    assert [one.signal_id for one in found.told] == ["f", "r"]
    assert (found.summary.other, found.summary.renewals, found.summary.well) == (1, 1, 1)
    assert found.summary.arr == 1e3, "of what is at risk"


@pytest.mark.parametrize(
    ("kind", "reason"),
    [(Kind.RENEWAL_WINDOW, DecisionReason.GATHERED), (Kind.EXPANSION_READY, DecisionReason.REPEATED)],
)
def test_good_news_alone_makes_no_second_import_news(kind: Kind, reason: DecisionReason) -> None:
    look = first_look("yellow", hours=9)
    again = replace(look, standing=(OpenCondition(kind, "open", at(9)),))
    assert reasons(told(first_look("yellow"), hours=0), again, hours=9) == [reason]


_members = st.builds(
    GatheredMember,
    signal_id=st.uuids().map(str),
    account_id=st.uuids().map(str),
    band=st.sampled_from(["red", "yellow", "green", "insufficient_data"]),
    severity=st.sampled_from(list(Severity)),
    open=st.integers(0, 3),
    arr=st.none() | st.floats(-1e9, 1e12),
    newer_band=st.none() | st.sampled_from(["red", "yellow", "green"]),
    acknowledged=st.none() | st.sampled_from(list(Severity)),
    left=st.booleans(),
)


@given(st.lists(_members, max_size=30))
def test_every_account_is_counted_once_whatever_became_of_it(members: list[GatheredMember]) -> None:
    found = tell_gathering(members)
    summary = found.summary
    assert set(found.reasons) == {one.signal_id for one in members}
    assert summary.accounts == len(members)
    assert summary.standing == len(found.told)
    assert min(summary.other, summary.renewals) >= 0
    assert summary.well + summary.standing <= summary.accounts
    assert [one.signal_id for one in tell_gathering(members[::-1]).told] == [one.signal_id for one in found.told]
