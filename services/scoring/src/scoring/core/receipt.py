"""Receipts of level: why a score is what it is."""

from collections.abc import Sequence

from common.contracts.signals import Contribution, Level
from scoring.core.account import Account
from scoring.core.card import Stage
from scoring.core.flag import Flag
from scoring.core.keeping import context_now
from scoring.core.metrics.kind import Metric
from scoring.core.plan import Plan
from scoring.core.sight import Sight

CAP = "cap"


def level(account: Account, sight: Sight, *, plan: Plan) -> Level:
    """`score` = `reference` + the sum of all contributions."""
    context, reference = context_now(account, plan), plan.card.reference
    contributions = []
    for metric in plan.metrics:
        available = sight.metrics.points[metric.index] is not None and not sight.weights.nothing
        if available and context.stage in metric.stages:
            value = metric.value(account.metrics, context, moment=sight.at)
            contributions.append(_contribution(metric, sight, value=value, reference=reference))
    if sight.capped_by is not None:
        contributions.append(_cap(plan.flags[sight.capped_by], sight))
    return Level(score=sight.score, reference=reference, contributions=tuple(contributions))


def _contribution(metric: Metric, sight: Sight, *, value: float | None, reference: float) -> Contribution:
    points, weight = sight.metrics.points[metric.index], sight.weights.values[metric.index]
    assert points is not None
    return Contribution(
        metric=metric.name,
        dimension=metric.dimension,
        points=points,
        weight=weight,
        contribution=weight * (points - reference),
        value=value,
    )


def _cap(flag: Flag, sight: Sight) -> Contribution:
    return Contribution(
        metric=flag.name, dimension=CAP, points=sight.score, weight=0.0, contribution=sight.score - sight.mean
    )


def off_by(level: Level) -> float:
    """How far the contributions are from explaining the score."""
    total = level.reference
    for part in level.contributions:
        total += part.contribution
    return abs(total - level.score)


def dimensions(sight: Sight, *, metrics: Sequence[Metric], stage: Stage) -> dict[str, float | None]:
    """Points by dimension, None where nothing is available; a dimension without metrics at this stage is left out."""
    points: dict[str, float] = {}
    shares: dict[str, float] = {}
    applying = [metric for metric in metrics if stage in metric.stages]
    for metric in applying:
        own = sight.metrics.points[metric.index]
        if own is not None and metric.share > 0.0:
            points[metric.dimension] = points.get(metric.dimension, 0.0) + metric.share * own
            shares[metric.dimension] = shares.get(metric.dimension, 0.0) + metric.share
    return {
        metric.dimension: points[metric.dimension] / shares[metric.dimension] if metric.dimension in points else None
        for metric in applying
    }
