"""What each metric counts at a stage, given which of them have points to show."""

from collections.abc import Sequence
from typing import NamedTuple

from scoring.health.card import Card
from scoring.health.context import Stage
from scoring.health.metrics.definition import MetricDefinition


class MetricWeights(NamedTuple):
    """`counting` are the metrics that count, by their place in the card: their weights add up to 1."""

    counting: tuple[tuple[int, float], ...]
    coverage: float
    sufficient: bool


def applies(metric: MetricDefinition, stage: Stage) -> bool:
    return not metric.stages or stage in metric.stages


def weights(card: Card, stage: Stage, available: Sequence[bool]) -> MetricWeights:
    """What is missing gives its weight to the rest of its dimension, then to the other dimensions.

    What is missing and optional is nothing that anybody waits for.
    """
    expected = [here or metric.optional is not True for metric, here in zip(card.metrics, available, strict=True)]
    everything = spread(card, stage, expected)
    there = spread(card, stage, available)
    total, whole = sum(there), sum(everything)
    covered = sum(weight for weight, here in zip(everything, available, strict=True) if here)
    coverage = covered / whole if whole else 0.0
    counting = tuple((index, weight / total) for index, weight in enumerate(there) if weight)
    return MetricWeights(counting, coverage, round(coverage, 6) >= card.min_coverage)


def spread(card: Card, stage: Stage, available: Sequence[bool]) -> list[float]:
    """The weight of each dimension, shared out over those of its metrics that are available."""
    there = [here and applies(metric, stage) for metric, here in zip(card.metrics, available, strict=True)]
    shares: dict[str, float] = {}
    for metric, here in zip(card.metrics, there, strict=True):
        shares[metric.dimension] = shares.get(metric.dimension, 0.0) + metric.share * here
    return [
        card.weights[stage].get(metric.dimension, 0.0) * metric.share / shares[metric.dimension] if here else 0.0
        for metric, here in zip(card.metrics, there, strict=True)
    ]
