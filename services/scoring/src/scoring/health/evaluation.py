"""Evaluating an account: where all trajectories stand at one moment, and the health score that this makes.

score = min( weighted mean of the available metrics, every cap ). An offset to the mean would be added in `_score` and
in `score_at`, which make the mean; everything else reads it from there.
"""

from typing import final

from scoring.health.account import NO_CAP, Account
from scoring.health.model import Reaction
from scoring.health.weights import Weights


@final
class HealthSnapshot:
    """Health at one UTC moment. `points` by metric, None where there are none; `capped_by` a flag's index or NO_CAP."""

    __slots__ = ("at", "capped_by", "mean", "points", "score", "weights")

    def __init__(
        self, at: float, points: list[float | None], weights: Weights, mean: float, score: float, capped_by: int
    ) -> None:
        self.at = at
        self.points = points
        self.weights = weights
        self.mean = mean
        self.score = score
        self.capped_by = capped_by


def evaluate(account: Account, at: float) -> None:
    """Evaluates all trajectories at a UTC moment, which must not be before the account's last event."""
    tau = account.context.clock.operational(at)
    for metric in account.ordered:
        metric.seek(tau)
    for flag in account.flags:
        flag.seek(tau)
    if account.readiness is not None:
        account.readiness.seek(tau)
    _score(account)


def snapshot_at(account: Account, at: float) -> HealthSnapshot:
    """Evaluates the account at `at` and copies the result."""
    evaluate(account, at)
    return snapshot(account, at)


def snapshot(account: Account, at: float) -> HealthSnapshot:
    """A copy of the last evaluation, which was at `at`."""
    points = [metric.points if metric.available else None for metric in account.metrics]
    return HealthSnapshot(at, points, account.weights, account.mean, account.score, account.capped_by)


def evaluate_moved(account: Account, at: float, reaction: Reaction) -> None:
    """Evaluates again what an event moved. Everything was evaluated at `at` just before the event."""
    tau = account.context.clock.operational(at)
    for index in reaction.moved_metrics:
        account.metrics[index].seek(tau)
    for index in reaction.moved_flags:
        account.flags[index].seek(tau)
    if reaction.moves_readiness and account.readiness is not None:
        account.readiness.seek(tau)
    _score(account)


def _score(account: Account) -> None:
    available, mean = 0, 0.0
    for metric in account.ordered:
        if metric.available:
            available |= metric.bit
    # Weights depend on stage and available metrics alone, which seldom change.
    if available != account.available or account.weights.stage != account.context.stage:
        weights = account.model.weighting.of(account.context.stage, available)
        account.available = available
        account.weights = weights
        for metric in account.metrics:
            metric.weight = weights.values[metric.index]
    for metric in account.ordered:
        if metric.available:
            mean += metric.weight * metric.points
    account.mean = account.score = account.model.reference if account.weights.nothing else mean
    account.capped_by = NO_CAP
    for flag in account.caps:
        if flag.available and flag.points < account.score:
            account.score = flag.points
            account.capped_by = flag.index


def score_at(account: Account, tau: float) -> tuple[float, Weights]:
    """What an evaluation at operational time `tau` would find, to the bit. The account stays as it is."""
    available = 0
    points: list[float | None] = [metric.at(tau) for metric in account.ordered]
    for metric, each in zip(account.ordered, points, strict=True):
        if each is not None:
            available |= metric.bit
    weights = account.model.weighting.of(account.context.stage, available)
    score = 0.0
    for metric, each in zip(account.ordered, points, strict=True):
        if each is not None:
            score += weights.values[metric.index] * each
    if weights.nothing:
        score = account.model.reference
    for flag in account.caps:
        cap = flag.at(tau)
        if cap is not None and cap < score:
            score = cap
    return score, weights
