"""What time alone does to an account: it fires what is due, closes a day, and ends a stage."""

from common.contracts import ids
from scoring.health import posting, receipts, timer
from scoring.health.account import Account
from scoring.health.crossing import next_due
from scoring.health.evaluation import HealthSnapshot, evaluate, snapshot_at
from scoring.health.feeding import enter_stage, follow_readiness
from scoring.health.incremental import set_horizon
from scoring.health.ledger import CONTEXT, SILENCE
from scoring.health.signals import health_of
from scoring.health.step_draft import StepDraft
from scoring.health.telling import update_alert_state
from scoring.health.transitions import refresh_derived, would_change
from scoring.health.trigger import Trigger
from scoring.health.usage_review import keep_sample, month_end, month_ends


def move_clock(account: Account, at: float) -> None:
    """The account's time is `at` from now on."""
    account.clock = at


def fire_silence(account: Account, to: float, draft: StepDraft) -> None:
    """Fires what is due by `to`. If nothing is, a horizon that has ended stays for the caller to renew."""
    while account.horizon.wake <= to:
        evaluate(account, account.clock)
        ends = account.context.stage_ends
        due = next_due(account, account.state, account.clock, min(to, ends))
        if due is None:
            if ends > to:
                return
            due = timer.whole_second(ends)
        if due is None:
            return
        now = evaluate_at(account, float(due), draft)
        posting.post_silence(account, now, draft)
        account.clock = float(due)
        band, stage = account.band, account.stage
        if due == ends or _has_readiness_changed(account):
            now = _update_stage(account, now, draft, stage_ended=due == ends)
        update_alert_state(account, Trigger(ids.silence(due)), draft)
        set_horizon(account, float(due))
        draft.note_change(account, band, stage, now.score)


def pass_silence(account: Account, to: float, draft: StepDraft) -> HealthSnapshot:
    """Fires what silence makes due by `to`, moves the clock there and posts all until then."""
    fire_silence(account, to, draft)
    now = evaluate_at(account, max(to, account.clock), draft)
    posting.post_silence(account, now, draft)
    account.clock = now.at
    return now


def settle_silence(account: Account, at: float, draft: StepDraft) -> HealthSnapshot:
    """Evaluates the account at `at`, just before an event. What silence crossed by then is told before it."""
    if account.horizon.wake - at < 1.0:
        timer.make_exact(account)
    due = account.horizon.wake
    before = evaluate_at(account, at, draft)
    if due - at < 1.0:
        # Silence crossed a line since the last whole second. Its signal must not name the event as its cause.
        account.clock = at
        band, stage = account.band, account.stage
        if _has_readiness_changed(account):
            posting.post_silence(account, before, draft)
            before = _update_stage(account, before, draft, stage_ended=False)
        update_alert_state(account, Trigger(ids.silence(int(due))), draft)
        draft.note_change(account, band, stage, before.score)
        draft.health_before = health_of(account, before)
    return before


def renew_horizon(account: Account, at: float) -> bool:
    """Begins a new horizon at `at` if only the end of a segment ended the last one; whether it did.

    Not if a metric appeared or vanished meanwhile: then points alone do not explain what has to be posted. Nor if
    silence crossed a line since the last whole second: that is told before the event.
    """
    if at < account.horizon.incremental_until or at >= account.day_end:
        return False
    evaluate(account, at)
    crossed = would_change(account, account.state, account.context.clock.operational(at))
    if crossed or not posting.are_posted(account, account.weights, account.capped_by):
        return False
    set_horizon(account, at)
    return True


def evaluate_at(account: Account, at: float, draft: StepDraft) -> HealthSnapshot:
    """Evaluates the account at `at`, and closes the open day if that has ended.

    A day closes with the score at the account's clock. What silence did since then is posted to the new day.
    """
    seen = snapshot_at(account, account.clock)
    draft.health_before = health_of(account, seen)
    now = snapshot_at(account, at)
    # The first record or timer after its end closes a day: nothing runs at midnight.
    if at >= account.day_end:
        keep_sample(account, seen)
        posting.post_silence(account, seen, draft)
        draft.check_sum(receipts.day_off_by(account))
        draft.days.append(receipts.day(account, (), seen.score))
        next_day = posting.next_day_number(account, at)
        if ends := month_ends(account, next_day, at):
            draft.months += [month_end(account, snapshot_at(account, each)) for each in ends]
            evaluate(account, at)
        posting.open_day(account, account.clock, seen.score, day=next_day)
        posting.post_step(account, seen, now, SILENCE, draft)
    return now


def _has_readiness_changed(account: Account) -> bool:
    return account.readiness is not None and account.readiness.has_changed


def _update_stage(account: Account, before: HealthSnapshot, draft: StepDraft, *, stage_ended: bool) -> HealthSnapshot:
    """Brings stage and readiness up to date at the account's clock, up to which all is posted (`before`).

    `stage_ended` if a date has ended the stage or opened the renewal window. Returns the evaluation after that.
    """
    at = account.clock
    if stage_ended:
        enter_stage(account, at)
        evaluate(account, at)
    follow_readiness(account, at)
    account.journey.enter(account.context.stage, at)
    now = snapshot_at(account, at)
    posting.post_step(account, before, now, CONTEXT, draft)
    refresh_derived(account, account.state)
    return now
