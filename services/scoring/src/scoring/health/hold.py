"""What silence brings to an account is not told while it is on hold: its feed is silent, and perhaps not the customer.

Score, flags and crossings go on, and answers show them. Their telling waits until the hold is over, if they still stand
then. What an event brings is told as usual.
"""

from scoring.health.account import Account
from scoring.health.moments import LAST
from scoring.health.state_format import Crossing


def after_hold(account: Account, tau: float) -> float:
    """When (operational time) that is told which silence alone would have told at `tau`."""
    if account.hold is None:
        return tau
    clock = account.context.clock
    end = clock.operational(account.hold.until)
    return end if clock.operational(account.hold.since) <= tau < end else tau


def has_lasted_at(account: Account, crossing: Crossing, duration: float) -> float:
    """The operational time at which a crossing has lasted for `duration` (operational seconds), and is told."""
    lasted = account.context.clock.operational(crossing.since) + duration
    return after_hold(account, lasted) if isinstance(crossing.cause, str) else lasted


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
    crossings = [*state.pending.values(), *[each for each in state.flags.values() if not each.told]]
    if any([isinstance(each.cause, str) for each in crossings]):
        return True
    if state.journey.is_new and not account.context.is_new:
        return True
    return any([due >= hold.since and state.missed.get(step) != due for due, step in account.told_steps])
