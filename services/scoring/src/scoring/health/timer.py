"""When to wake an account that stays silent: the timer that is stored, and the due moment that it stands for."""

from math import floor
from typing import Final

from scoring.health.account import Account
from scoring.health.crossing import next_due
from scoring.health.evaluation import evaluate
from scoring.health.incremental import set_due, set_horizon
from scoring.health.moments import LAST

# In seconds. A timer that is nearer is set to the due moment, which costs a search.
_EXACT_WITHIN: Final = 3600.0


def find_due(account: Account) -> int | None:
    """The whole second (UTC) at which silence next changes anything; None if it never will."""
    if not account.has_records:
        return None
    # The horizon of an account that is imported is in the time of its history, which does not pass.
    if not account.importing and account.horizon.wake < account.waits_until:
        make_exact(account)
    return None if account.wake > LAST else int(account.wake)


def choose_timer(account: Account, stored: int | None, now: float) -> int | None:
    """When to wake the account if it stays silent: after `now`, never after it is due; None for never.

    By `now`, which may be later than the account's clock, all that was due has fired. The due moment moves at every
    event, and every timer that moves costs a row. So `stored`, the timer that is set, stays while it is not too
    late. A new one is set to the end of the horizon while that is far, and to the due moment when it is near.
    """
    wake = account.wake
    if wake > LAST:
        return None
    if account.importing or not account.horizon.exact:
        if stored is not None and now < stored <= wake:
            return stored
        if wake - now >= _EXACT_WITHIN:
            return floor(wake)
    return find_due(account)


def make_exact(account: Account) -> None:
    """Finds the very second at which silence next changes the alert state or the stage."""
    if account.horizon.exact:
        return
    evaluate(account, account.clock)
    due = next_due(account, account.state, account.clock, min(account.context.stage_ends, LAST))
    evaluate(account, account.clock)
    set_horizon(account, account.clock)
    # The end of a stage changes the account, whether or not that is told.
    set_due(account, whole_second(account.context.stage_ends) if due is None else due)


def whole_second(moment: float) -> int | None:
    """A moment that is a whole second; None if it never comes."""
    return None if moment > LAST else int(moment)
