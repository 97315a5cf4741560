"""Posting to an account's ledgers: every step of its score goes into the change since the last band and into the day.

While no weight and no cap changes, a metric's points explain all that it adds to the score. Then an event posts only
for the metrics that it moved: for each, what silence took since it was posted last, and what the event did. Anything
else posts for all metrics. So what is posted is a function of the records, not of how they were evaluated.
"""

from datetime import UTC
from typing import Final

from common.contracts.events import Event
from scoring.health.account import NO_CAP, Account
from scoring.health.evaluation import HealthSnapshot
from scoring.health.ledger import CAP, CONTEXT, SILENCE, Ledger
from scoring.health.model import Reaction
from scoring.health.moments import end_of_day, local_day
from scoring.health.state_format import Mover
from scoring.health.step_draft import StepDraft
from scoring.health.trajectory import Trajectory
from scoring.health.weights import Weights

# What the rounding of very many steps may come to in a ledger. More is a bug.
DRIFT: Final = 1e-6

# Points that a metric or flag added to the score: driver, line, name, points. No line if the card no longer has it.
Entry = tuple[str, Trajectory | None, str, float]


def posted_health(account: Account) -> HealthSnapshot:
    """Health up to where the ledgers are posted."""
    weights = account.posted_weights
    points = [metric.posted if metric.posted_available else None for metric in account.metrics]
    mean = account.model.reference if weights.nothing else 0.0
    for metric in account.ordered:
        if metric.posted_available:
            mean += weights.values[metric.index] * metric.posted
    capped_by = NO_CAP
    for flag in account.flags:
        if flag.name == account.posted_cap:
            capped_by = flag.index
    return HealthSnapshot(account.clock, points, weights, mean, mean + account.posted_cost, capped_by)


def unposted(account: Account, after: HealthSnapshot) -> list[Entry]:
    """What silence did since the last posting; the ledgers stay."""
    return _entries_between(account, posted_health(account), after, SILENCE)


def _entries_between(account: Account, before: HealthSnapshot, after: HealthSnapshot, driver: str) -> list[Entry]:
    """How the score got from `before` to `after`: entries that add up to the difference exactly.

    With w for weights and p for points, w2 p2 - w1 p1 = (w1 + w2)/2 (p2 - p1) + (w2 - w1) (p1 + p2)/2: the first term
    is what points did, the second what weights did. A metric that appears or vanishes changes only its weight.
    """
    found: list[Entry] = []
    for metric in account.metrics:
        index = metric.index
        old, new = before.weights.values[index], after.weights.values[index]
        p, q = before.points[index], after.points[index]
        # A metric that appears or vanishes has the same points on both sides, so only its weight counts.
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
    cost_before, cost = before.score - before.mean, after.score - after.mean
    found: list[Entry] = []
    if before.capped_by != NO_CAP:
        flag = account.flags[before.capped_by]
        found.append((CAP, flag, flag.name, -cost_before))
    elif cost_before != 0.0:
        # A flag that the card no longer has capped the score; what it took comes back.
        found.append((CAP, None, account.posted_cap, -cost_before))
    if after.capped_by != NO_CAP:
        flag = account.flags[after.capped_by]
        found.append((CAP, flag, flag.name, cost))
    return found


def post_silence(account: Account, after: HealthSnapshot, draft: StepDraft) -> None:
    """Posts what silence did since the last posting."""
    post_step(account, posted_health(account), after, SILENCE, draft)


def post_step(account: Account, before: HealthSnapshot, after: HealthSnapshot, driver: str, draft: StepDraft) -> None:
    """Posts the difference between two evaluations. The ledgers must be posted up to the first."""
    # Added up beside the ledgers: every receipt is checked where it is made.
    total = before.score
    for moved_by, line, name, points in _entries_between(account, before, after, driver):
        total += points
        if line is None:
            account.change.post_former(moved_by, name, points)
            account.day.post_former(moved_by, name, points)
        else:
            line.change.post(moved_by, points)
            line.day.post(moved_by, points)
    draft.check_sum(total - after.score)
    mark_posted(account, after)
    account.change.after = account.day.after = after.score


def mark_posted(account: Account, after: HealthSnapshot) -> None:
    """Notes that the ledgers are posted up to this evaluation."""
    for metric in account.metrics:
        points = after.points[metric.index]
        metric.posted_available = points is not None
        metric.posted = 0.0 if points is None else points
    account.posted_weights = after.weights
    account.posted_cap = "" if after.capped_by == NO_CAP else account.flags[after.capped_by].name
    account.posted_cost = after.score - after.mean


def only_points_moved(account: Account, before: HealthSnapshot, after: HealthSnapshot) -> bool:
    """Whether no weight and no cap changed since the last posting: then points explain everything."""
    return (
        before.capped_by == after.capped_by
        and before.weights.same(after.weights)
        and are_posted(account, after.weights, after.capped_by)
    )


def are_posted(account: Account, weights: Weights, capped_by: int) -> bool:
    """Whether these are the weights and the cap of the last posting."""
    cap = "" if capped_by == NO_CAP else account.flags[capped_by].name
    return account.posted_cap == cap and account.posted_weights.same(weights)


def post_points(account: Account, event: Event, reaction: Reaction) -> None:
    """Posts an event that moved only points, for the metrics that it moved."""
    total = 0.0
    for index in reaction.moved_metrics:
        metric = account.metrics[index]
        if not (metric.posted_available and metric.before_available and metric.available):
            continue
        weight, before, points = metric.weight, metric.before, metric.points
        by_silence, by_event = weight * (before - metric.posted), weight * (points - before)
        metric.posted = points
        metric.change.silence += by_silence
        metric.day.silence += by_silence
        metric.change.event += by_event
        metric.day.event += by_event
        total += by_event
    # Under a cap the event did not move the score.
    if account.capped_by == NO_CAP:
        add_mover(account, event, total)


def add_mover(account: Account, event: Event, points: float) -> None:
    """Keeps the event in both ledgers if it is among those that moved the score most."""
    size = abs(points)
    if size > account.change.least or size > account.day.least:
        mover = Mover(event.source, event.event_id, event.name, event.time.astimezone(UTC), points)
        account.change.add_mover(mover)
        account.day.add_mover(mover)


def open_change(account: Account, at: float, score: float) -> None:
    account.change = Ledger(at, score)
    for line in account.trajectories:
        line.change.clear()


def open_day(account: Account, at: float, score: float, *, day: int) -> None:
    """`at` is from when on it counts, `day` the number of the account's day."""
    account.day = Ledger(at, score)
    account.day_number = day
    set_day_end(account)
    for line in account.trajectories:
        line.day.clear()


def set_day_end(account: Account) -> None:
    """Finds when the open day ends in the account's present time zone."""
    account.day_end = end_of_day(account.day_number, account.context.zone)


def next_day_number(account: Account, at: float) -> int:
    """The day at `at`, after the open one ended. Always a later day, even if the account moved to another zone."""
    return max(local_day(at, account.context.zone), account.day_number + 1)
