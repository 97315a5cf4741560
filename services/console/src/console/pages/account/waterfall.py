"""The receipt of a score as steps that add up: from the reference over every contribution to the score."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Final

from msgspec import Struct

from common.contracts.signals import Contribution
from console.clients.account import LevelSum

WIDTH: Final = 200


class WaterfallStep(Struct, frozen=True):
    """One bar from `before` to `after`, in points. `x` and `width` are those of the bar, in units of the drawing."""

    part: Contribution
    before: float
    after: float
    x: float
    width: float


class Waterfall(Struct, frozen=True):
    """`reference` and `score` are where the bars begin and end; their marks are at `reference_x` and `score_x`."""

    reference: float
    steps: tuple[WaterfallStep, ...]
    score: float
    reference_x: float
    score_x: float


def waterfall_of(level: LevelSum) -> Waterfall:
    """What takes most comes first."""
    parts = sorted(level.contributions, key=lambda part: part.contribution)
    # Tenths, as the parts are: so that no sum of floats shows in the last digit.
    sums = [round(one, 1) for one in accumulate((part.contribution for part in parts), initial=level.reference)]
    low, high = min(0.0, *sums), max(100.0, *sums)

    def x(points: float) -> float:
        return round((points - low) / (high - low) * WIDTH, 1)

    return Waterfall(
        level.reference, tuple(_steps(parts, sums, x_of=[x(one) for one in sums])), sums[-1], x(sums[0]), x(sums[-1])
    )


def _steps(parts: Sequence[Contribution], sums: Sequence[float], *, x_of: Sequence[float]) -> list[WaterfallStep]:
    return [
        WaterfallStep(
            part, sums[n], sums[n + 1], min(x_of[n], x_of[n + 1]), round(max(0.5, abs(x_of[n + 1] - x_of[n])), 1)
        )
        for n, part in enumerate(parts)
    ]
