from datetime import timedelta

from alerts.samples import NOON, Sample
from common.contracts.signals import Kind, Signal
from local.replay.evaluation import AccountLifetime, alarms_by_account, evaluate

LEAD = timedelta(days=14)


def at(days: float, *, account: str = "a", to: str = "yellow") -> Signal:
    return Sample(account=account, at=NOON + timedelta(days=days), to=to).build()


def left(account: str, day: float) -> AccountLifetime:
    return AccountLifetime(account, "Withdrawn", NOON, NOON + timedelta(days=day), left=True)


def stayed(account: str, *, outcome: str = "Pass") -> AccountLifetime:
    return AccountLifetime(account, outcome, NOON, NOON + timedelta(days=70), left=False)


def test_a_withdrawal_is_signalled_if_an_alarm_came_at_least_the_lead_ahead() -> None:
    signals = [at(36, account="in time"), at(37, account="late")]

    found = evaluate(
        [left("in time", 50), left("late", 50), left("never", 50)],
        signals,
        alarms_by_account(signals),
        left_from=NOON,
        lead=LEAD,
    )

    assert (found.left, found.signalled) == (3, 1)


def test_who_left_too_early_to_be_warned_is_not_counted() -> None:
    found = evaluate([left("a", 13), left("b", 14)], [], {}, left_from=NOON + LEAD, lead=LEAD)

    assert found.left == 1


def test_an_account_that_was_green_again_was_signalled_but_does_not_stand_in_trouble() -> None:
    signals = [at(10), at(20, to="green"), at(10, account="b"), at(21, account="b", to="red")]

    found = evaluate([left("a", 50), left("b", 50)], signals, alarms_by_account(signals), left_from=NOON, lead=LEAD)

    assert (found.signalled, found.standing) == (2, 1)


def test_alarms_are_counted_by_week_while_the_account_is_there() -> None:
    """Two accounts for 10 and 4 weeks; the alarm after leaving is nobody's burden."""
    signals = [at(1), at(2), at(30, account="b")]

    found = evaluate([stayed("a"), left("b", 28)], signals, alarms_by_account(signals), left_from=NOON, lead=LEAD)

    assert found.alarms == 2
    assert round(found.weekly, 3) == round(100 * 2 / 14, 3)


def test_those_who_stayed_are_told_apart_by_outcome() -> None:
    signals = [at(1, account="a"), at(2, account="c")]
    lifetimes = [stayed("a"), stayed("b"), stayed("c", outcome="Fail")]

    found = evaluate(lifetimes, signals, alarms_by_account(signals), left_from=NOON, lead=LEAD)

    assert found.stayed == (("Pass", 2, 1), ("Fail", 1, 1))


def test_signals_are_counted_by_kind_and_bands_by_colour() -> None:
    signals = [at(1), at(2), at(3, to="green"), Sample(kind=Kind.FLAG, to="gone_quiet").build()]

    found = evaluate([stayed("a")], signals, {}, left_from=NOON, lead=LEAD)

    assert dict(found.kinds) == {"to yellow": 2, "to green": 1, "flag": 1}
