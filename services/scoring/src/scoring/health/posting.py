"""Posting to an account's ledgers: every step of its score goes into the change since the last band and into the day.

While no weight moves and no cap comes or goes, a metric's points explain all that it adds to the score. Then an event
posts for the metrics that it moved alone: for each, what silence took since the metric was posted last, and what the
event did. Anything else posts for all metrics. So what is posted is a function of the records, not of how they were
evaluated.
"""

from datetime import UTC
from typing import Final

from common.contracts.events import Event
from scoring.health.account import NO_CAP, Account
from scoring.health.draft import StepDraft
from scoring.health.evaluation import HealthSnapshot
from scoring.health.ledger import CAP, CONTEXT, SILENCE, Ledger
from scoring.health.model import Reaction
from scoring.health.moments import local_day, local_midnight
from scoring.health.stored import Mover
from scoring.health.trajectory import Trajectory
from scoring.health.weights import Weights

# What the rounding of very many steps may come to in a ledger. More is a bug.
DRIFT: Final = 1e-6

# Points that a metric or flag added to the score: driver, line, name, points. No line if the card no longer has it.
Entry = tuple[str, Trajectory | None, str, float]


def posted(account: Account) -> HealthSnapshot:
    """Health as the ledgers know it."""
    weights = account.booked_weights
    points = [metric.booked if metric.booked_available else None for metric in account.metrics]
    mean = account.model.reference if weights.nothing else 0.0
    for metric in account.ordered:
        if metric.booked_available:
            mean += weights.values[metric.index] * metric.booked
    capped_by = NO_CAP
    for flag in account.flags:
        if flag.name == account.booked_cap:
            capped_by = flag.index
    return HealthSnapshot(account.clock, points, weights, mean, mean + account.booked_cost, capped_by)


def pending(account: Account, after: HealthSnapshot) -> list[Entry]:
    """What silence did since all was posted."""
    return _entries(account, posted(account), after, SILENCE)


def _entries(account: Account, before: HealthSnapshot, after: HealthSnapshot, driver: str) -> list[Entry]:
    """How the score got from `before` to `after`, with nothing left over.

    Points that moved count by the mean of both weights, weights that moved by the mean of both points. A metric that
    appears or goes moved no points, only its weight.
    """
    found: list[Entry] = []
    for metric in account.metrics:
        index = metric.index
        old, new = before.weights.values[index], after.weights.values[index]
        p, q = before.points[index], after.points[index]
        if p is None:
            p = q
        if q is None:
            q = p
        if p is None or q is None:
            continue
        if p != q:
            found.append((driver, metric, metric.name, (old + new) / 2.0 * (q - p)))
        if old != new:
            points = (new - old) * ((p + q) / 2.0 - account.model.reference)
            found.append((CONTEXT, metric, metric.name, points))
    return found + _cap_entries(account, before, after)


def _cap_entries(account: Account, before: HealthSnapshot, after: HealthSnapshot) -> list[Entry]:
    lost, cost = before.score - before.mean, after.score - after.mean
    found: list[Entry] = []
    if before.capped_by != NO_CAP:
        flag = account.flags[before.capped_by]
        found.append((CAP, flag, flag.name, -lost))
    elif lost != 0.0:
        # What a flag of an older card took comes back.
        found.append((CAP, None, account.booked_cap, -lost))
    if after.capped_by != NO_CAP:
        flag = account.flags[after.capped_by]
        found.append((CAP, flag, flag.name, cost))
    return found


def post_silence(account: Account, after: HealthSnapshot, draft: StepDraft) -> None:
    """All that silence did since all was posted."""
    post_step(account, posted(account), after, SILENCE, draft)


def post_step(account: Account, before: HealthSnapshot, after: HealthSnapshot, driver: str, draft: StepDraft) -> None:
    """Everything between two evaluations; all is posted up to the first."""
    total = before.score
    for moved_by, line, name, points in _entries(account, before, after, driver):
        total += points
        if line is None:
            account.change.post_former(moved_by, name, points)
            account.day.post_former(moved_by, name, points)
        else:
            line.change.post(moved_by, points)
            line.day.post(moved_by, points)
    draft.check(total - after.score)
    mark_posted(account, after)
    account.change.after = account.day.after = after.score


def mark_posted(account: Account, after: HealthSnapshot) -> None:
    """All is posted up to here."""
    for metric in account.metrics:
        points = after.points[metric.index]
        metric.booked_available = points is not None
        metric.booked = 0.0 if points is None else points
    account.booked_weights = after.weights
    account.booked_cap = "" if after.capped_by == NO_CAP else account.flags[after.capped_by].name
    account.booked_cost = after.score - after.mean


def moved_points_alone(account: Account, before: HealthSnapshot, after: HealthSnapshot) -> bool:
    """Whether weights and cap are the same in both, and the same as those that are posted."""
    return (
        before.capped_by == after.capped_by
        and before.weights.same(after.weights)
        and are_posted(account, after.weights, after.capped_by)
    )


def are_posted(account: Account, weights: Weights, capped_by: int) -> bool:
    """Whether these are the weights and the cap that the ledgers know of."""
    cap = "" if capped_by == NO_CAP else account.flags[capped_by].name
    return account.booked_cap == cap and account.booked_weights.same(weights)


def post_moved(account: Account, event: Event, reaction: Reaction) -> None:
    """An event that moved nothing but points: only the metrics that it moved are posted."""
    total = 0.0
    for index in reaction.moved:
        metric = account.metrics[index]
        if not (metric.booked_available and metric.before_available and metric.available):
            continue
        weight, before, points = metric.weight, metric.before, metric.points
        waned, gained = weight * (before - metric.booked), weight * (points - before)
        metric.booked = points
        metric.change.silence += waned
        metric.day.silence += waned
        metric.change.event += gained
        metric.day.event += gained
        total += gained
    # Under a cap the score itself did not move.
    if account.capped_by == NO_CAP:
        note(account, event, total)


def note(account: Account, event: Event, points: float) -> None:
    """Remembers the event if it is among those that moved the score most."""
    size = abs(points)
    if size > account.change.least or size > account.day.least:
        mover = Mover(event.source, event.event_id, event.name, event.time.astimezone(UTC), points)
        account.change.note(mover)
        account.day.note(mover)


def open_change(account: Account, at: float, score: float) -> None:
    account.change = Ledger(at, score)
    for line in account.lines:
        line.change.clear()


def open_day(account: Account, at: float, score: float, *, day: int) -> None:
    """`at` is when it begins to count, `day` the number of the account's day."""
    account.day = Ledger(at, score)
    account.day_number = day
    set_day_end(account)
    for line in account.lines:
        line.day.clear()


def set_day_end(account: Account) -> None:
    """Finds when the open day ends, where the account is now."""
    account.day_end = local_midnight(account.day_number + 1, account.context.zone)


def day_after(account: Account, at: float) -> int:
    """The account's day at `at`, when the open one has ended. Later than that one, whatever clocks are put back."""
    return max(local_day(at, account.context.zone), account.day_number + 1)
