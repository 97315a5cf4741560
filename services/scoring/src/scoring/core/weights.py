"""Weights: what each metric counts at a stage, given which of them have points to show."""

from collections import defaultdict
from collections.abc import Sequence

from msgspec import Struct

from scoring.core.card import Card, Dimension, Stage
from scoring.core.metrics.kind import Metric

# Accounts of a card differ in few ways; whoever makes more than this starts over.
_KEPT = 4096


class Weights(Struct, frozen=True):
    """One weight per metric, in the card's order, adding up to 1, or all 0 if nothing is available.

    `counting` are those above 0 with their index. `coverage` is the configured weight that is available over all
    that applies; it is compared rounded to 1e-6.
    """

    values: tuple[float, ...]
    coverage: float
    sufficient: bool
    counting: tuple[tuple[int, float], ...]

    @property
    def nothing(self) -> bool:
        return not self.counting


class StageWeights:
    """The weights of one stage, by a mask of the metrics available (bit i = metric i)."""

    def __init__(self, card: Card, stage: Stage, metrics: Sequence[Metric]) -> None:
        self._metrics = [metric for metric in metrics if stage in metric.stages]
        self._count = len(metrics)
        self._dimensions: dict[Dimension, float] = dict(card.weights[stage])
        self._least = card.min_coverage
        self._known: dict[int, Weights] = {}

    def of(self, mask: int) -> Weights:
        known = self._known.get(mask)
        if known is None:
            if len(self._known) >= _KEPT:
                self._known.clear()
            known = self._known[mask] = self._work_out(mask)
        return known

    def _work_out(self, mask: int) -> Weights:
        available = [metric for metric in self._metrics if mask >> metric.index & 1]
        configured = self._spread(self._metrics)
        spread = self._spread(available)
        values = [0.0] * self._count
        total = sum(spread.values())
        for index, weight in spread.items():
            values[index] = weight / total if total else 0.0
        everything = sum(configured.values())
        covered = sum(configured.get(metric.index, 0.0) for metric in available)
        coverage = covered / everything if everything else 0.0
        sufficient = round(coverage, 6) >= self._least
        counting = tuple((index, weight) for index, weight in enumerate(values) if weight)
        return Weights(tuple(values), coverage, sufficient, counting)

    def _spread(self, metrics: Sequence[Metric]) -> dict[int, float]:
        """The weight of each dimension, shared out over those of its metrics."""
        shares: defaultdict[Dimension, float] = defaultdict(float)
        for metric in metrics:
            shares[metric.dimension] += metric.share
        return {
            metric.index: self._dimensions.get(metric.dimension, 0.0) * metric.share / shares[metric.dimension]
            for metric in metrics
            if metric.share > 0.0
        }
