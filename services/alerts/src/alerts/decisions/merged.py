"""An account that goes on as another one: its open alert ends, and nothing that waits is sent. Pure."""

from collections.abc import Iterable, Sequence

from alerts.decisions.account import AccountDecisions, AccountHistory, RoutedSignal, SignalDecision
from alerts.decisions.joining import badness
from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination
from common.contracts.signals import Signal


def end_alerts(history: AccountHistory, signals: Sequence[RoutedSignal], *, now: float) -> AccountDecisions:
    """Nobody is told of an end: the reader of the other account hears of that one. `now` is record time.

    `history.bands` has the newest band of the account last, if the account was merged just now.
    """
    at = max([now, *(pending.decided for pending in history.pending)])
    decisions = [
        *_kept((routed.signal for routed in signals), None),
        *(one for pending in history.pending for one in _kept(pending.signals, pending.destination)),
        *(one for look in history.gathered for one in _kept((look.signal,), look.destination)),
    ]
    decided = {one.signal_id for one in decisions}
    opened = [one for one in history.bands[-1:] if badness(one) and one.signal_id not in decided]
    return AccountDecisions(
        history.account_id,
        at,
        (*decisions, *_kept(opened, None)),
        dropped=tuple(pending.notification_id for pending in history.pending),
        timer_before=history.timer,
        taken_out=history.gathered,
    )


def _kept(signals: Iterable[Signal], destination: Destination | None) -> Iterable[SignalDecision]:
    return (SignalDecision(signal.signal_id, DecisionReason.MERGED, destination) for signal in signals)
