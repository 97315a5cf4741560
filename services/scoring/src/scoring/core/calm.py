"""When nobody needs to look: a proof, in bounds that widen with time, that nothing discrete can have happened."""

from collections.abc import Iterable
from math import inf

from scoring.core.ledger import Move
from scoring.core.moments import DAY
from scoring.core.path import Path
from scoring.core.sight import Course, Sight

# Far more than all rounding on the way, far less than anybody's points.
_MARGIN = 1e-5
_BLUR = 2e-6  # seconds


class Calm:
    """Between `least` and `most` a score lay when it was proven last; it falls and rises so fast at most.

    Holds while no flag is up: then the score is the weighted mean and nothing else. What it cannot prove it does
    not deny: whoever finds it broken looks for real.
    """

    __slots__ = ("_at", "_day_ends", "_fall", "_high", "_least", "_low", "_most", "_rise", "_until", "exact", "weights")

    def __init__(
        self, course: Course, sight: Sight, *, room: tuple[float, float], moments: Iterable[float], day: int
    ) -> None:
        """`room` are the scores between which no band moves, `moments` those at which anything else may.

        `day` is the UTC day of the account's ledger, in days since the epoch: another one closes it.
        """
        self.weights = sight.weights
        self.exact = True  # nothing moved since somebody looked
        self._at = at = sight.at
        self._least = self._most = sight.score
        self._low, self._high = room[0] + _MARGIN, room[1] - _MARGIN
        self._fall = self._rise = 0.0
        self._until = -inf
        self._day_ends = (day + 1) * DAY
        if not sight.capped:
            self._widen(course, at)
            self._until = min(self._until, *(moment for moment in moments if moment > at), inf)

    def _widen(self, course: Course, at: float) -> None:
        weights = self.weights.values
        self._until = min([cap.manners_from(at).until for cap in course.caps], default=inf)
        for path, weight in zip(course.paths, weights, strict=True):
            fall, rise, until = path.manners_from(at)
            self._fall += weight * fall
            self._rise += weight * rise
            self._until = min(self._until, until)

    def lasts(self, moment: float) -> bool:
        """Whether nothing can have happened until `moment`, and no other UTC day has begun."""
        # Lines may have a knot this much earlier or later than the curve that they follow.
        passed = moment - self._at + _BLUR
        self._at = moment
        self._least -= self._fall * passed
        self._most += self._rise * passed
        return moment < self._day_ends and self.goes_on()

    def redrawn(self, move: Move, old: Path, new: Path) -> None:
        """A metric goes another way from now on."""
        self.exact = False
        index, _, points, now = move
        weight, before, after = self.weights.values[index], old.manners_from(self._at), new.manners
        self._fall += weight * (after.fall - before.fall)
        self._rise += weight * (after.rise - before.rise)
        self._until = min(self._until, after.until)
        if points is not None and now is not None:
            self._least += weight * (now - points)
            self._most += weight * (now - points)
        elif points is not now:
            self._until = -inf  # it came or went: other weights

    def capped_from(self, cap: Path) -> None:
        """A flag is drawn anew: while it is up nothing is calm."""
        up = cap.at(self._at) is not None
        self._until = -inf if up else min(self._until, cap.manners_from(self._at).until)

    def goes_on(self) -> bool:
        """Whether the score still is where nothing happens."""
        return self._at < self._until and self._low < self._least and self._most < self._high

    def bound(self) -> float:
        """Until then nothing discrete happens in silence, at the very least."""
        until = self._until
        if self._fall:
            until = min(until, self._at + (self._least - self._low) / self._fall)
        if self._rise:
            until = min(until, self._at + (self._high - self._most) / self._rise)
        return until
