"""The next band in silence, found by playing silence forward on a copy of the alert state."""

from typing import Final

from common.contracts.signals import Forecast, Status
from scoring.health.account import Account
from scoring.health.crossing import next_due
from scoring.health.evaluation import evaluate
from scoring.health.moments import to_datetime
from scoring.health.transitions import Trigger, update_state

# The cause of a forecast is never shown.
_SILENCE: Final = Trigger("silence")


def forecast(account: Account) -> Forecast | None:
    """The next band that would be told, and when; None for an account that has churned.

    The account is evaluated at its clock, before and after.
    """
    # Who has left crosses no more lines.
    if account.facts.status is Status.CHURNED:
        return None
    state, band = account.state.copy(), account.state.band
    due = next_due(account, state, account.clock)
    found: Forecast | None = None
    while due is not None and found is None:
        evaluate(account, float(due))
        update_state(account, state, _SILENCE, float(due))
        # A flag or a missed step that is due first may bring no band; then silence goes on.
        if state.band is not None and state.band is not band:
            found = Forecast(band=state.band, at=to_datetime(float(due)))
        else:
            due = next_due(account, state, float(due))
    evaluate(account, account.clock)
    return found
