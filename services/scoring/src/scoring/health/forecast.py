"""The next band in silence, found by playing silence forward on a copy of the alert state."""

from typing import Final

from common.contracts.signals import Forecast, Status
from scoring.health.account import Account
from scoring.health.crossing import next_due
from scoring.health.evaluation import evaluate
from scoring.health.feeding import enter_stage, follow_readiness, restore_journey
from scoring.health.moments import LAST, to_datetime
from scoring.health.transitions import update_state
from scoring.health.trigger import Trigger

# The cause of a forecast is never shown.
_SILENCE: Final = Trigger("silence")


def forecast(account: Account) -> Forecast | None:
    """The next band that would be told, and when; None for an account that has churned or was merged.

    The account is evaluated at its clock, before and after.
    """
    # Who has left crosses no more lines.
    if account.facts.status is Status.CHURNED or account.is_merged:
        return None
    state, band, at = account.state.copy(), account.state.band, account.clock
    found: Forecast | None = None
    journey = account.journey.copy()
    while found is None:
        ends = account.context.stage_ends
        due = next_due(account, state, at, min(ends, LAST))
        if due is None and ends > LAST:
            break
        at = ends if due is None else float(due)
        if at == ends:
            enter_stage(account, at)
        evaluate(account, at)
        if follow_readiness(account, at):
            evaluate(account, at)
        update_state(account, state, _SILENCE, at)
        # A flag or a missed step that is due first may bring no band; then silence goes on.
        if state.band is not None and state.band is not band:
            found = Forecast(band=state.band, at=to_datetime(at))
    # Playing a stage to its end has changed the account's own.
    restore_journey(account, journey)
    enter_stage(account, account.clock)
    evaluate(account, account.clock)
    return found
