"""What an account's health is at one moment, and the course that it takes if nobody does anything."""

from bisect import bisect_right
from collections.abc import Sequence
from typing import NamedTuple

from scoring.core.card import Bands, Stage
from scoring.core.path import NEVER, Path
from scoring.core.weights import StageWeights, Weights

_DECIMALS = 6


class Reading(NamedTuple):
    """Paths at one moment: where there are points, how many, and on which piece of its path each is."""

    points: list[float | None]
    pieces: list[int]


_NO_CAPS = Reading([], [])


class Sight:
    """Health at one moment: points and caps by metric and flag in the card's order, None where there are none.

    `score` is the weighted `mean` or the lowest cap; `capped_by` is the index of that cap's flag if it bites.
    """

    __slots__ = ("at", "capped_by", "caps", "mean", "metrics", "rounded", "score", "weights")

    def __init__(self, at: float, *, metrics: Reading, caps: Reading, weights: Weights, mean: float) -> None:
        self.at = at
        self.metrics = metrics
        self.caps = caps
        self.weights = weights
        self.mean = self.score = mean
        self.capped_by: int | None = None
        for index, cap in enumerate(caps.points):
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

    def copy(self) -> "Course":
        """To be drawn on; paths themselves never change."""
        copy = Course(self.stage, weights=self.weights, bands=self.bands, reference=self.reference)
        copy.paths, copy.caps, copy.steps = self.paths.copy(), self.caps.copy(), self.steps
        return copy

    def sight(self, moment: float) -> Sight:
        """For moments not before anything that the account did."""
        return self._weigh(moment, read(self.paths, moment), read(self.caps, moment))

    def sight_of(self, points: list[float | None], moment: float, *, capped_by: int | None, cost: float) -> Sight:
        """What health was if these were the points of the metrics, and a cap took so many of the score."""
        sight = self._weigh(moment, Reading(points, [0] * len(points)), _NO_CAPS)
        sight.capped_by = capped_by
        sight.score += cost
        return sight

    def _weigh(self, moment: float, metrics: Reading, caps: Reading) -> Sight:
        weights, mean = self.mean_of(metrics.points)
        return Sight(moment, metrics=metrics, caps=caps, weights=weights, mean=mean)

    def mean_of(self, points: Sequence[float | None]) -> tuple[Weights, float]:
        """Added up in the card's order, one by one: the same bits on every version of Python."""
        mask = 0
        for index, value in enumerate(points):
            if value is not None:
                mask |= 1 << index
        weights = self.weights.of(mask)
        if weights.nothing:
            return weights, self.reference
        total = 0.0
        for index, weight in weights.counting:
            total += weight * points[index]  # type: ignore[operator]
        return weights, total


def read(paths: Sequence[Path], moment: float) -> Reading:
    points: list[float | None] = []
    pieces: list[int] = []
    for path in paths:
        if path is NEVER:
            points.append(None)
            pieces.append(0)
            continue
        starts, values, slopes = path.lines
        piece = bisect_right(starts, moment) - 1
        value = values[piece]
        if value is not None:
            value += slopes[piece] * (moment - starts[piece])
        points.append(value)
        pieces.append(piece)
    return Reading(points, pieces)
