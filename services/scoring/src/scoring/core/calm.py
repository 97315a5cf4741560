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
    """Between `least` and `most` the weighted mean lay when it was proven last; it falls and rises so fast at most.

    Holds while the score is that mean, or the same cap below it. What it cannot prove it does not deny: whoever
    finds it broken looks for real.
    """

    __slots__ = (
        "_at",
        "_cap",
        "_day_ends",
        "_fall",
        "_high",
        "_least",
        "_low",
        "_most",
        "_rise",
        "_until",
        "bites",
        "exact",
        "weights",
    )

    def __init__(
        self, course: Course, sight: Sight, *, room: tuple[float, float], moments: Iterable[float], day: int
    ) -> None:
        """`room` are the scores between which no band moves, `moments` those at which anything else may.

        `day` is the UTC day of the account's ledger, in days since the epoch: another one closes it.
        """
        self.weights = sight.weights
        self.exact = True  # nothing moved since somebody looked
        self.bites = sight.capped_by is not None
        self._at = sight.at
        self._least = self._most = sight.mean
        self._low, self._high = room[0] + _MARGIN, room[1] - _MARGIN
        self._fall = self._rise = 0.0
        self._day_ends = (day + 1) * DAY
        self._until = min([moment for moment in moments if moment > sight.at], default=inf)
        self._cap: Path | None = None
        self._follow(course)
        self._watch_caps(course, sight)

    def _follow(self, course: Course) -> None:
        for path, weight in zip(course.paths, self.weights.values, strict=True):
            fall, rise, until = path.manners_from(self._at)
            self._fall += weight * fall
            self._rise += weight * rise
            self._until = min(self._until, until)

    def _watch_caps(self, course: Course, sight: Sight) -> None:
        """The lowest of those that are up matters as long as it is the lowest, the others when they come up."""
        up = [(points, cap) for points, cap in zip(sight.caps.points, course.caps, strict=True) if points is not None]
        for cap in course.caps:
            self._until = min(self._until, cap.manners_from(self._at).until)
        if not up:
            return
        lowest, self._cap = min(up, key=lambda one: one[0])
        rise = self._cap.manners_from(self._at).rise
        for points, cap in up:
            gains = rise - cap.manners_from(self._at).rise
            if cap is not self._cap and (gains > 0.0 or points - lowest < _MARGIN):
                meet = self._at + (points - lowest) / gains if gains > 0.0 else -inf
                self._until = min(self._until, meet if points - lowest >= _MARGIN else -inf)

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

    def capped(self, old: Path, new: Path) -> None:
        """A flag is drawn anew: it must be as it was."""
        if old is new:
            return
        was, now = old.manners_from(self._at), new.manners_from(self._at)
        if old.at(self._at) != new.at(self._at) or was.rise != now.rise:
            self._until = -inf
        self._until = min(self._until, now.until)
        if old is self._cap:
            self._cap = new

    def goes_on(self) -> bool:
        """Whether the score still is where nothing happens."""
        if self._at >= self._until:
            return False
        cap = inf if self._cap is None else self._cap.at(self._at)
        if cap is None:
            return False
        if self.bites:
            return cap < self._least - _MARGIN and self._low < cap < self._high
        return self._most < cap - _MARGIN and self._low < self._least and self._most < self._high

    def bound(self) -> float:
        """Until then nothing discrete happens in silence, at the very least."""
        until, rise, cap = self._until, 0.0, inf
        if self._cap is not None and self._at < until:
            rise, cap = self._cap.manners_from(self._at).rise, self._cap.at(self._at) or 0.0
        if self.bites:
            gaps = [(self._least - _MARGIN - cap, self._fall + rise), (self._high - cap, rise)]
        else:
            gaps = [
                (self._least - self._low, self._fall),
                (self._high - self._most, self._rise),
                (cap - _MARGIN - self._most, self._rise - rise),
            ]
        return min([until, *(self._at + gap / speed for gap, speed in gaps if speed > 0.0)])
