"""What moved a signal's score, in whole points that add up."""

from typing import NamedTuple

from common.contracts.signals import Driver, Severity, Signal

# A part of less than half a point is left to the others.
_LEAST_POINTS = 0.5

SEVERITY_RANK = {Severity.CRITICAL: 0, Severity.WARNING: 1, Severity.INFO: 2}
"""The smaller, the more urgent."""


class ScoreMove(NamedTuple):
    """Whole points by which a metric moved the score, or a flag by capping it."""

    name: str
    capped: bool
    points: int


class ScoreMoves(NamedTuple):
    """What moved the score most, the biggest first; `others` is the rest, `capped` what a cap keeps of all that.

    Together they are the difference. A cap keeps points of a fall that it hides (`capped` is above 0) or of a rise that
    it holds down (below 0).
    """

    most: tuple[ScoreMove, ...]
    others: int
    capped: int = 0


def score_moves(signal: Signal, *, limit: int = 3, share: float = 0.0) -> ScoreMoves:
    """For a band: what moved the score there.

    A move of less than `share` (0 to 1) of the biggest one is left to the others.
    """
    points_by_mover: dict[tuple[str, bool], float] = {}
    for part in signal.receipt.change.parts:
        mover = part.metric, part.driver is Driver.CAP
        points_by_mover[mover] = points_by_mover.get(mover, 0.0) + part.points
    sign = -1 if is_worse(signal) else 1
    biggest = sorted(
        (-sign * points, mover) for mover, points in points_by_mover.items() if sign * points > _LEAST_POINTS
    )
    least = share * -biggest[0][0] if biggest else 0.0
    most = tuple(ScoreMove(*mover, round(-sign * points)) for points, mover in biggest[:limit] if -points >= least)
    # A cap that moves the score the other way takes less than before, because others moved below it.
    against = (points for (_, by_cap), points in points_by_mover.items() if by_cap and sign * points < -_LEAST_POINTS)
    capped = round(sum(against))
    total = round(signal.after.score) - round(score_before(signal))
    return ScoreMoves(most, total - sum(one.points for one in most) - capped, capped)


def is_worse(signal: Signal) -> bool:
    return signal.severity is not Severity.INFO


def score_before(signal: Signal) -> float:
    """Of the last told score and the one just before the signal, the one that is farther away."""
    if signal.before is None:
        return signal.receipt.change.before
    candidates = (signal.receipt.change.before, signal.before.score)
    return max(candidates) if is_worse(signal) else min(candidates)


def clears_flag(signal: Signal) -> bool:
    """Whether an event lifted the cap of a flag and so moved the score, as a paid invoice does."""
    by_event = not isinstance(signal.cause, str)
    return by_event and any(
        part.driver is Driver.CAP and part.points > _LEAST_POINTS for part in signal.receipt.change.parts
    )
