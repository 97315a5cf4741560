"""What an account's health is at one moment, and the course that it takes if nobody does anything."""

from collections.abc import Sequence

from scoring.core.card import Bands, Stage
from scoring.core.path import Path
from scoring.core.weights import StageWeights, Weights

_DECIMALS = 6


class Sight:
    """Health at one moment: points and caps by metric and flag in the card's order, None where there are none.

    `score` is the weighted `mean` or the lowest cap; `capped_by` is the index of that cap's flag if it bites.
    """

    __slots__ = ("at", "capped_by", "caps", "mean", "points", "rounded", "score", "weights")

    def __init__(
        self,
        at: float,
        *,
        points: list[float | None],
        weights: Weights,
        mean: float,
        caps: list[float | None],
    ) -> None:
        self.at = at
        self.points = points
        self.weights = weights
        self.mean = mean
        self.caps = caps
        self.score = mean
        self.capped_by: int | None = None
        for index, cap in enumerate(caps):
            if cap is not None and cap < self.score:
                self.score, self.capped_by = cap, index
        # Bands compare this, so that the last bits of a float decide nothing.
        self.rounded = round(self.score, _DECIMALS)


class Course:
    """Everything that decides an account's health in silence.

    `steps` are those still to be done by their due moment, each with one; `bands` are those of the stage.
    """

    __slots__ = ("bands", "caps", "paths", "reference", "stage", "steps", "weights")

    def __init__(self, stage: Stage, *, weights: StageWeights, bands: Bands, reference: float) -> None:
        self.stage = stage
        self.weights = weights
        self.bands = bands
        self.reference = reference
        self.paths: list[Path] = []
        self.caps: list[Path] = []
        self.steps: Sequence[tuple[float, str]] = ()

    def sight(self, moment: float) -> Sight:
        """For moments not before anything that the account did."""
        points = [path.at(moment) for path in self.paths]
        weights = self.weights.of(mask_of(points))
        mean = self.reference if weights.nothing else weighted(weights.values, points)
        caps = [path.at(moment) for path in self.caps]
        return Sight(moment, points=points, weights=weights, mean=mean, caps=caps)


def mask_of(points: Sequence[float | None]) -> int:
    mask = 0
    for index, value in enumerate(points):
        if value is not None:
            mask |= 1 << index
    return mask


def weighted(weights: Sequence[float], points: Sequence[float | None]) -> float:
    """Added up in the card's order, one by one: the same bits on every version of Python."""
    total = 0.0
    for weight, value in zip(weights, points, strict=True):
        if value is not None:
            total += weight * value
    return total
