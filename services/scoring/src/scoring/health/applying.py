"""Applying one event to an account for which all that was due before it has fired."""

from common.contracts.events import Event
from common.contracts.signals import Facts
from scoring.health import posting
from scoring.health.account import Account
from scoring.health.evaluation import HealthSnapshot, evaluate, evaluate_moved, snapshot, snapshot_at
from scoring.health.feeding import feed, follow_readiness, retract
from scoring.health.first_look import drop_look
from scoring.health.incremental import set_horizon, try_incremental
from scoring.health.ledger import EVENT
from scoring.health.model import Reaction
from scoring.health.moments import local_day
from scoring.health.properties import withdrawn_event
from scoring.health.quotes import causing_event
from scoring.health.retraction import withdraw
from scoring.health.silence import move_clock, renew_horizon, settle_silence
from scoring.health.state_format import Crossing, WithdrawnSignal
from scoring.health.step_draft import StepDraft
from scoring.health.telling import update_alert_state
from scoring.health.transitions import refresh_derived
from scoring.health.trigger import Trigger
from scoring.health.view import RetractionResult


def apply_one(account: Account, event: Event, at: float, moment: float, reaction: Reaction, draft: StepDraft) -> None:
    """Applies an event before which all that was due has fired."""
    if not account.has_records:
        _apply_first(account, event, at, moment, reaction, draft)
    elif renew_horizon(account, at) and try_incremental(account, event, at, moment, reaction):
        move_clock(account, at)
    else:
        _apply_fully(account, event, at, moment, reaction, draft)


def _apply_first(
    account: Account, event: Event, at: float, moment: float, reaction: Reaction, draft: StepDraft
) -> None:
    """Applies a first record. No score was before it, so nothing is posted."""
    if reaction.retracts:
        draft.retraction = RetractionResult.NOTHING_STANDING
    feed(account, event, at, moment, reaction)
    if account.is_merged:
        drop_look(account)
    refresh_derived(account, account.state)
    evaluate(account, at)
    if follow_readiness(account, at):
        account.journey.enter(account.context.stage, at)
    now = snapshot_at(account, at)
    move_clock(account, at)
    posting.mark_posted(account, now)
    posting.open_change(account, at, now.score)
    posting.open_day(account, at, now.score, day=local_day(at, account.context.zone))
    said = causing_event(event, moment, Facts(), account.facts)
    cause, outcomes = (event.source, event.event_id), reaction.outcomes
    update_alert_state(account, Trigger(cause, history=event.history, first=True, outcomes=outcomes, event=said), draft)
    set_horizon(account, at)


def _apply_fully(
    account: Account, event: Event, at: float, moment: float, reaction: Reaction, draft: StepDraft
) -> None:
    """Applies an event by evaluating everything. All that was due before the second of `at` has fired."""
    facts = account.facts
    before = settle_silence(account, at, draft)
    for metric in account.metrics:
        metric.before_available, metric.before = metric.available, metric.points
    zone, steps = account.context.zone, account.told_steps
    retracted = withdrawn_event(event) if reaction.retracts else None
    if reaction.retracts:
        draft.retraction = RetractionResult.NOTHING_STANDING if retracted is None else retract(account, retracted)
    undone = draft.retraction is RetractionResult.UNDONE
    moved = feed(account, event, at, moment, reaction, undone=undone)
    if account.is_merged:
        drop_look(account)
    if account.context.zone is not zone:
        posting.set_day_end(account)
    after = before
    if moved is not None:
        evaluate_moved(account, at, moved)
        if follow_readiness(account, at):
            moved = account.model.full_reaction
            account.journey.enter(account.context.stage, at)
            evaluate(account, at)
        after = snapshot(account, at)
        if moved.changes_steps:
            refresh_derived(account, account.state)
    move_clock(account, at)
    _post(account, event, before, after, moved, draft)
    cause, lost = (event.source, event.event_id), before.score - after.score
    withdrawn: tuple[WithdrawnSignal, ...] = ()
    if undone and retracted is not None:
        present = Crossing(at, retracted, event.history)
        withdrawn = tuple(withdraw(account, retracted, steps, present, facts.contract_end))
        refresh_derived(account, account.state)
    said, outcomes = causing_event(event, moment, facts, account.facts), reaction.outcomes
    trigger = Trigger(cause, lost, event.history, outcomes=outcomes, withdrawn=withdrawn, event=said)
    update_alert_state(account, trigger, draft)
    set_horizon(account, at)


def _post(
    account: Account,
    event: Event,
    before: HealthSnapshot,
    after: HealthSnapshot,
    moved: Reaction | None,
    draft: StepDraft,
) -> None:
    """Posts what silence did until the event, and what the event did."""
    everything = moved is account.model.full_reaction
    if everything or not posting.only_points_moved(account, before, after):
        posting.post_silence(account, before, draft)
        if moved is not None:
            posting.post_step(account, before, after, EVENT, draft)
            posting.add_mover(account, event, after.score - before.score)
    elif moved is not None:
        posting.post_points(account, event, moved)
