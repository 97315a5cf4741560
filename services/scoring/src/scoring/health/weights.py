"""How much each metric counts in the score: by stage, and by which metrics have points."""

from typing import Final, final

from scoring.health.card import Card
from scoring.health.context import STAGES

# Accounts of a card share few combinations. A cache of more than this is cleared.
_MOST_CACHED: Final = 4096


@final
class Weights:
    """One weight per metric in the card's order. They add up to 1, or are all 0 if `nothing` counts.

    `coverage` is the configured weight that is available over all that is expected (0 to 1); below the card's minimum
    it is not `sufficient`. It is compared rounded to 1e-6. `stage` and `available` (bit i is metric i) are those that
    the weights were computed for.
    """

    __slots__ = ("available", "coverage", "nothing", "stage", "sufficient", "values")

    def __init__(self, stage: int, available: int, values: list[float], coverage: float, sufficient: bool) -> None:
        self.stage = stage
        self.available = available
        self.values = values
        self.coverage = coverage
        self.sufficient = sufficient
        self.nothing = not any([value != 0.0 for value in values])

    def same(self, other: "Weights") -> bool:
        return self is other or self.values == other.values


NO_WEIGHTS: Final = Weights(0, 0, [], 0.0, False)


@final
class Weighting:
    """The weights of a card, by stage and by the metrics available."""

    def __init__(self, card: Card) -> None:
        self._dimensions = [metric.dimension for metric in card.metrics]
        self._shares = [float(metric.share) for metric in card.metrics]
        self._applies = [[not metric.stages or stage in metric.stages for metric in card.metrics] for stage in STAGES]
        self._by_stage = [{name: float(each) for name, each in card.weights[stage].items()} for stage in STAGES]
        self._optional = [metric.optional is True for metric in card.metrics]
        self._min_coverage = float(card.min_coverage)
        self._cache: list[dict[int, Weights]] = [{} for _ in STAGES]

    def of(self, stage: int, available: int) -> Weights:
        cache = self._cache[stage]
        weights = cache.get(available)
        if weights is None:
            if len(cache) >= _MOST_CACHED:
                cache.clear()
            weights = cache[available] = self._weigh(stage, available)
        return weights

    def applies(self, stage: int, metric: int) -> bool:
        return self._applies[stage][metric]

    def _weigh(self, stage: int, available: int) -> Weights:
        """A missing metric gives its weight to the rest of its dimension, then to the other dimensions.

        All that applies is expected, an optional metric only while it has points. So a metric that is optional never
        lowers the coverage: in its dimension it adds as much to what is known as to what is expected.
        """
        applying = [i for i in range(len(self._shares)) if self._applies[stage][i]]
        present = [i for i in applying if available >> i & 1]
        expected = [i for i in applying if available >> i & 1 or not self._optional[i]]
        configured, spread = self._spread(stage, expected), self._spread(stage, present)
        # Added up by hand: since Python 3.12 `sum` compensates, and another Python would make other states.
        everything, covered, total = 0.0, 0.0, 0.0
        for i in expected:
            everything += configured[i]
        for i in present:
            covered += configured[i]
            total += spread[i]
        coverage = covered / everything if everything != 0.0 else 0.0
        values = [weight / total if total != 0.0 else 0.0 for weight in spread]
        return Weights(stage, available, values, coverage, round(coverage, 6) >= self._min_coverage)

    def _spread(self, stage: int, metrics: list[int]) -> list[float]:
        """The weight of each dimension, shared out over those of its metrics."""
        spread = [0.0] * len(self._shares)
        for i in metrics:
            shares = 0.0
            for j in metrics:
                if self._dimensions[j] == self._dimensions[i]:
                    shares += self._shares[j]
            if self._shares[i] > 0.0:
                spread[i] = self._by_stage[stage].get(self._dimensions[i], 0.0) * self._shares[i] / shares
        return spread
