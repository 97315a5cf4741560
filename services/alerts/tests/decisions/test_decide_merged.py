"""What becomes of the alerts of an account that goes on as another one."""

from alerts.decisions.account import AccountHistory, GatheredSignal, PendingMessage, RoutedSignal, ToldSignal
from alerts.decisions.joining import past_signal
from alerts.decisions.merged import end_alerts
from alerts.decisions.reasons import DecisionReason
from support.alerts_decisions import SLACK, band, flag, outcome

RED = band("red")
YELLOW = band("yellow", hours=9)
GREEN = band("green", hours=1, opens=RED)
STORM = flag("support_storm", hours=2)
RENEWED = outcome("renewed", hours=3)


def test_what_was_told_and_is_open_ends_and_what_has_ended_does_not() -> None:
    history = AccountHistory(
        "cust-001",
        told=tuple(ToldSignal(signal, SLACK, 0.0) for signal in (RED, GREEN, STORM, RENEWED)),
        past_bands=tuple(past_signal(signal) for signal in (RED, GREEN, YELLOW)),
    )
    decided = end_alerts(history, (), just_merged=True, now=7.0)
    assert [(one.signal_id, one.reason) for one in decided.decisions] == [
        (STORM.signal_id, DecisionReason.MERGED),
        (YELLOW.signal_id, DecisionReason.MERGED),
    ]
    assert decided.messages == ()
    # They have ended once and for all.
    assert end_alerts(history, (), just_merged=False, now=8.0).decisions == ()


def test_what_comes_or_waits_is_kept_and_no_timer_is_left() -> None:
    waits = PendingMessage("n-1", SLACK, (RED,), maybe_told=False, decided=9.0, held=True)
    history = AccountHistory("cust-001", pending=(waits,), gathered=(GatheredSignal(YELLOW, SLACK),), timer=99.0)
    decided = end_alerts(history, [RoutedSignal(STORM, (SLACK,))], just_merged=True, now=7.0)
    assert {one.signal_id for one in decided.decisions} == {RED.signal_id, YELLOW.signal_id, STORM.signal_id}
    assert {one.reason for one in decided.decisions} == {DecisionReason.MERGED}
    assert (decided.dropped, decided.taken_out, decided.at) == (("n-1",), history.gathered, 9.0)
    assert (decided.timer_before, decided.timer) == (99.0, None)
