"""Ends the alerts of an account that was merged into another one, and drops its waiting messages. Pure."""

from collections.abc import Iterable, Sequence

from alerts.decisions.account import AccountDecisions, AccountHistory, RoutedSignal, SignalDecision, closes_episode
from alerts.decisions.joining import badness
from alerts.decisions.reasons import DecisionReason
from alerts.routing.destination import Destination
from alerts.signals.signal_kinds import rules_of


def end_alerts(
    history: AccountHistory, signals: Sequence[RoutedSignal], *, just_merged: bool, now: float
) -> AccountDecisions:
    """Decides all that waits, and `signals`, with the reason `merged`; nothing is sent. `now` is record time.

    If the account was `just_merged`, its open alerts end, too. Nobody is told: the other account has alerts of its own.
    """
    at = max([now, *(pending.decided for pending in history.pending)])
    decisions = [
        *(_kept(routed.signal.signal_id) for routed in signals),
        *(_kept(one.signal_id, pending.destination) for pending in history.pending for one in pending.signals),
        *(_kept(look.signal.signal_id, look.destination) for look in history.gathered),
    ]
    if just_merged:
        decided = {one.signal_id for one in decisions}
        decisions += [_kept(name) for name in _open_alerts(history) if name not in decided]
    return AccountDecisions(
        history.account_id,
        at,
        tuple(decisions),
        dropped=tuple(pending.notification_id for pending in history.pending),
        timer_before=history.timer,
        taken_out=history.gathered,
    )


def _open_alerts(history: AccountHistory) -> Iterable[str]:
    """Of each episode without a recovery the last told signal; of the last one the last bad band, told or not."""
    closed = {band.episode for band in history.past_bands if closes_episode(band)}
    newest = {band.episode: band.signal_id for band in history.past_bands[-1:] if badness(band)}
    told = {
        one.signal.episode: one.signal.signal_id
        for one in history.told
        if rules_of(one.signal.kind).ends_with_episode or rules_of(one.signal.kind).is_own_alert
    }
    return dict.fromkeys(name for episode, name in (told | newest).items() if episode not in closed)


def _kept(signal_id: str, destination: Destination | None = None) -> SignalDecision:
    return SignalDecision(signal_id, DecisionReason.MERGED, destination)
