"""Applying an event by evaluating only the metrics that it moves, as for nearly all events of an active account.

Between two ends of segments the mean and the lowest cap are straight lines. So an event that moves only points changes
them by the difference that its metrics make. This holds while the score stays clear of every bound. Nearer than `_NEAR`
to one, or if anything else may change, the event is undone and applied by a full evaluation. So running sums, which
gather rounding errors, decide nothing that is told. What is posted is the same in both ways.
"""

from math import floor, inf
from typing import Final

from common.contracts.events import Event
from scoring.health.account import NO_CAP, Account, Horizon
from scoring.health.clock import MAPPED_SECONDS
from scoring.health.feeding import feed_metrics, project
from scoring.health.model import Reaction
from scoring.health.moments import LAST
from scoring.health.posting import post_points

# In points: far more than running sums may be off by, far less than anybody sees.
_NEAR: Final = 1e-6
# Due moments are whole seconds: silence may have crossed a line up to this much before one.
_SECOND: Final = 1.0
_NEVER: Final = LAST + 1.0


def try_incremental(account: Account, event: Event, at: float, moment: float, reaction: Reaction) -> bool:
    """Applies an event that happened at `moment` and was recorded at `at`; False, and nothing done, if it may not."""
    horizon = account.horizon
    # Beyond the horizon silence itself may change the alert state. Facts, flags, steps and outcomes change more than
    # points, and so does history from before the account began: it moves where priors and due dates begin.
    if not (at < horizon.incremental_until and reaction.moves_points_only):
        return False
    if (moment if event.history else at) < account.born:
        return False
    if not reaction.fed_metrics:
        return True
    for index in reaction.moved_flags:
        # The horizon knows the lowest cap only, so a cap that is up must not be moved.
        if account.flags[index].available and account.flags[index].caps:
            return False
    clock, metrics, readiness = account.context.clock, account.metrics, account.readiness
    tau = clock.operational(at)
    passed = tau - horizon.origin
    mean, slope = horizon.mean + horizon.slope * passed, horizon.slope
    for index in reaction.moved_metrics:
        metric = metrics[index]
        metric.seek(tau)
        metric.before_available = metric.available
        metric.before = metric.points
        if metric.weight != 0.0:
            mean -= metric.weight * metric.points
            slope -= metric.weight * metric.slope
    fed = feed_metrics(account, event, moment, reaction)
    if fed == 0:
        return True
    project(account, reaction)
    segments_end, unchanged = horizon.segments_end, True
    for index in reaction.moved_metrics:
        metric = metrics[index]
        metric.seek(tau)
        if metric.end < segments_end:
            segments_end = metric.end
        # A metric that appears or vanishes changes every weight.
        if metric.available != metric.before_available:
            unchanged = False
        if metric.weight != 0.0:
            mean += metric.weight * metric.points
            slope += metric.weight * metric.slope
    for index in reaction.moved_flags:
        flag = account.flags[index]
        was_up = flag.available
        flag.seek(tau)
        if flag.end < segments_end:
            segments_end = flag.end
        if flag.available != was_up:
            unchanged = False
    if reaction.moves_readiness and readiness is not None:
        readiness.seek(tau)
        if readiness.end < segments_end:
            segments_end = readiness.end
        if readiness.has_changed:
            unchanged = False
    if unchanged:
        cap = horizon.cap + horizon.cap_slope * passed
        wake = clock.wall(_find_wake(account, tau, mean, slope, cap, horizon.cap_slope, segments_end))
        # Which of mean and cap is lower must be the same as in the last evaluation: it decides what is posted.
        if at < wake - _SECOND and (cap < mean) == (account.capped_by != NO_CAP):
            post_points(account, event, reaction)
            horizon.origin = tau
            horizon.mean, horizon.slope, horizon.cap = mean, slope, cap
            horizon.segments_end = segments_end
            _set_wake(account, wake)
            return True
    _undo(account, fed, reaction)
    return False


def set_horizon(account: Account, at: float) -> None:
    """Finds how long the score is one straight line from `at` on (UTC), where the account was just evaluated."""
    horizon, clock = account.horizon, account.context.clock
    tau = clock.operational(at)
    segments_end, slope = inf, 0.0
    for line in account.trajectories:
        segments_end = min(segments_end, line.end)
    for metric in account.ordered:
        if metric.weight != 0.0:
            slope += metric.weight * metric.slope
    cap, cap_slope = inf, 0.0
    for flag in account.caps:
        if flag.available and flag.points < cap:
            cap, cap_slope = flag.points, flag.slope
    for flag in account.caps:
        # Where another cap becomes the lowest, the line bends.
        if flag.available and flag.points > cap and flag.slope < cap_slope:
            segments_end = min(segments_end, tau + (flag.points - cap) / (cap_slope - flag.slope))
    horizon.origin = tau
    horizon.mean, horizon.slope = account.mean, slope
    horizon.cap, horizon.cap_slope = cap, cap_slope
    horizon.segments_end = segments_end
    _set_wake(account, clock.wall(_find_wake(account, tau, account.mean, slope, cap, cap_slope, segments_end)))


def forget_horizon(account: Account) -> None:
    """The account begins anew: nothing is known of what silence will do."""
    account.horizon = Horizon()


def end_horizon(account: Account, at: float) -> None:
    """An event that is recorded at `at` or later is not applied incrementally."""
    account.horizon.incremental_until = min(account.horizon.incremental_until, at)


def set_due(account: Account, due: int | None) -> None:
    """Notes that silence next changes the alert state at the whole second `due` (UTC); None for never."""
    horizon = account.horizon
    horizon.wake, horizon.exact = _NEVER if due is None else float(due), True


def _set_wake(account: Account, wake: float) -> None:
    """The end of the day, and a look that is due, come first: an event after them is not applied incrementally."""
    horizon = account.horizon
    # A deadline may be a whole second, and a clock may map it back to a hair after it.
    if abs(wake) < LAST and wake - floor(wake) < MAPPED_SECONDS:
        wake = float(floor(wake))
    horizon.wake, horizon.exact = min(wake, account.context.stage_ends), False
    horizon.incremental_until = min(horizon.wake - _SECOND, account.day_end, account.look_at)


def _find_wake(
    account: Account, tau: float, mean: float, slope: float, cap: float, cap_slope: float, segments_end: float
) -> float:
    """The operational time up to which silence changes nothing: the score stays in its range, under the same cap."""
    state = account.state
    low, high = state.low + _NEAR, state.high - _NEAR
    # `value` is the lower of mean and cap, which is the score; `closing` is how fast the other one comes near it.
    gap = mean - cap
    value, rise, closing = cap, cap_slope, cap_slope - slope
    if gap < 0.0:
        gap, value, rise, closing = -gap, mean, slope, -closing
    if not low < value < high or gap < _NEAR:
        return tau
    wake = min(segments_end, state.deadline)
    if rise < 0.0:
        wake = min(wake, tau + (low - value) / rise)
    elif rise > 0.0:
        wake = min(wake, tau + (high - value) / rise)
    if closing > 0.0:
        wake = min(wake, tau + gap / closing)
    return wake


def _undo(account: Account, fed: int, reaction: Reaction) -> None:
    for index in reaction.fed_metrics:
        metric = account.metrics[index]
        if fed & metric.bit:
            metric.undo()
    project(account, reaction)
