"""Telling what changed: the alert state follows each evaluation, and what is new in it becomes signals.

While a request is open only a draft of the alert state follows. When it closes, the state from before it is compared.
"""

from math import inf

from scoring.health import posting
from scoring.health.account import Account
from scoring.health.evaluation import HealthSnapshot, snapshot
from scoring.health.first_look import told_meanwhile
from scoring.health.forecast import forecast
from scoring.health.incremental import set_horizon
from scoring.health.request import OpenRequest, closes_at
from scoring.health.signals import add_signals, end_unheard_episode
from scoring.health.step_draft import StepDraft
from scoring.health.transitions import crossed_lines, return_to, update_state, would_change
from scoring.health.trigger import Trigger


def update_alert_state(account: Account, trigger: Trigger, draft: StepDraft) -> None:
    """Updates the alert state at the account's clock, where it was just evaluated, and adds the signals."""
    at, request = account.clock, account.request
    if request is not None:
        _follow_request(account, request, trigger)
        return
    if not (trigger.outcomes or trigger.decided or trigger.withdrawn) and not would_change(
        account, account.state, account.context.clock.operational(at)
    ):
        return
    found = update_state(account, account.state, trigger, at)
    told = [each for each in found if not each.shown_only]
    if account.look is not None:
        told = told_meanwhile(account, account.look, told, trigger)
    if told:
        now = snapshot(account, at)
        posting.post_silence(account, now, draft)
        add_signals(account, told, now, forecast(account), draft)
        # A change explains the way since the last band that was told.
        if any([each.band is not None for each in told]):
            posting.open_change(account, at, now.score)
    # Not before: what is told now still belongs to the episode.
    end_unheard_episode(account, found)


def _follow_request(account: Account, request: OpenRequest, trigger: Trigger) -> None:
    """Brings the draft of an alert state up to date within a request, and notes what crossed."""
    at = account.clock
    present = trigger.crossed_at(at)
    request.outcomes += [(name, present) for name in trigger.outcomes]
    request.withdrawn += trigger.withdrawn
    request.touched = request.touched or bool(trigger.outcomes or trigger.withdrawn)
    if would_change(account, account.state, account.context.clock.operational(at)):
        update_state(account, account.state, trigger, at)
        request.touched = True
        request.follow(crossed_lines(account, request.before, at), present)


def open_request(account: Account, recorded: float, before: HealthSnapshot | None, draft: StepDraft) -> OpenRequest:
    """Opens a request. `before` is where silence had brought the account, None before its first record."""
    score, health = (None, None) if before is None else (before.score, draft.health_before)
    account.request = OpenRequest(recorded, account.state.copy(), score, health)
    return account.request


def drop_request(account: Account) -> None:
    """Ends a request that has changed nothing that is told."""
    account.request = None


def schedule_close(account: Account, seconds: float | None) -> None:
    """Notes when silence closes the request that is open, if one is; `seconds` as in `closes_at`."""
    account.closes_at = closes_at(account.request, seconds)


def cancel_close(account: Account) -> None:
    """Silence does not close the request until the account's next event."""
    account.closes_at = inf


def close_request(account: Account, request: OpenRequest, draft: StepDraft) -> None:
    """Tells what is different from before the request. The account is evaluated at its clock."""
    band, score = account.band, account.score
    account.request, account.closes_at = None, inf
    return_to(account, request.before)
    lost = 0.0 if request.score is None else request.score - account.score
    trigger = Trigger(
        request.cause,
        lost,
        request.history,
        first=request.score is None,
        crossed=request.crossed,
        decided=tuple(request.outcomes),
        withdrawn=tuple(request.withdrawn),
    )
    draft.health_before = request.health
    update_alert_state(account, trigger, draft)
    draft.note_change(account, band, account.stage, score)
    set_horizon(account, account.clock)
