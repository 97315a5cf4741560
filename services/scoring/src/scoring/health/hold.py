"""What silence brings to an account is not told while it is on hold: its feed is silent, and perhaps not the customer.

Score, flags and crossings go on, and answers show them. Their telling waits until the hold is over, if they still stand
then. A flag that follows a metric waits whoever moved that, with the band that it brings. What else an event brings is
told as usual.
"""

from common.contracts.signals import Band
from scoring.health.account import Account
from scoring.health.alert_state import AlertState
from scoring.health.moments import LAST
from scoring.health.state_format import Crossing


def after_hold(account: Account, tau: float) -> float:
    """When (operational time) that is told which silence alone would have told at `tau`."""
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

    While a feed is silent its metric counts a part of what happens, whoever moved it.
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
    """Whether that is not told at `now` which silence brought at `due` (both UTC)."""
    if account.hold is None:
        return False
    clock = account.context.clock
    return clock.operational(now) < after_hold(account, clock.operational(due))


def waits_for_resume(account: Account) -> bool:
    """Whether something is held back of which nobody knows until when: the feed is still paused."""
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
