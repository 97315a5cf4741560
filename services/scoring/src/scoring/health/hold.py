"""While an account is on hold, signals by silence wait: perhaps only its feed is silent, and not the customer.

Score, flags and crossings go on, and answers show them. They are told when the hold is over, if they still stand. A
flag that follows a metric waits with the band that it brings, even if an event moved the metric. Other signals by
events are told as usual.
"""

from common.contracts.signals import Band
from scoring.health.account import Account
from scoring.health.alert_state import AlertState
from scoring.health.moments import LAST
from scoring.health.state_format import Crossing


def after_hold(account: Account, tau: float) -> float:
    """When to tell what silence alone would tell at `tau`: if that is in the hold, at its end. Operational times."""
    if account.hold is None:
        return tau
    clock = account.context.clock
    end = clock.operational(account.hold.until)
    return end if clock.operational(account.hold.since) <= tau < end else tau


def band_lasts_until(account: Account, state: AlertState, band: Band, crossing: Crossing) -> float:
    """The operational time at which the crossing of a worse band's line has lasted for the minimum duration."""
    lines = account.model.bands[account.context.stage]
    lasted = account.context.clock.operational(crossing.since) + lines.min_duration
    waits = isinstance(crossing.cause, str) or has_waiting_cap(account, state, band)
    return after_hold(account, lasted) if waits else lasted


def flag_lasts_until(account: Account, crossing: Crossing, duration: float) -> float:
    """The operational time at which a flag that follows a metric has been up for `duration` (operational seconds).

    If that is during the hold: the end of the hold, for the metric sees only a part of the use until then.
    """
    return after_hold(account, account.context.clock.operational(crossing.since) + duration)


def has_waiting_cap(account: Account, state: AlertState, band: Band) -> bool:
    """Whether a flag that follows a metric and is not told yet may have brought the band: its cap is below the line."""
    if account.hold is None:
        return False
    line = account.model.bands[account.context.stage].line(band)
    waiting = [name for name, crossing in state.flags.items() if not crossing.told]
    return any([flag.watched is not None and flag.cap < line and flag.name in waiting for flag in account.caps])


def is_held_back(account: Account, due: float, now: float) -> bool:
    """Whether a signal that silence made due at `due` still waits at `now` (both UTC)."""
    if account.hold is None:
        return False
    clock = account.context.clock
    return clock.operational(now) < after_hold(account, clock.operational(due))


def waits_for_resume(account: Account) -> bool:
    """Whether a signal is held back without a known end, because the feed is still paused."""
    hold, state = account.hold, account.state
    if hold is None or hold.until <= LAST:
        return False
    if any([not crossing.told for crossing in state.flags.values()]):
        return True
    if any([isinstance(crossing.cause, str) for crossing in state.pending.values()]):
        return True
    if state.journey.is_new and not account.context.is_new:
        return True
    return any([due >= hold.since and state.missed.get(step) != due for due, step in account.told_steps])
