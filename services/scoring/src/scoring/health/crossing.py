"""The next whole second at which silence changes the alert state: computed, not searched for, and exact.

In silence the mean and every cap are straight lines between the ends of segments. The walk goes from end to end. In
each segment it intersects the lines with the bounds of the stable range. Then it evaluates at the whole seconds around
each intersection, because rounding may put them one second off.
"""

from math import ceil, floor, inf
from typing import Final, final

from scoring.health.account import Account
from scoring.health.alert_state import AlertState
from scoring.health.clock import MAPPED_SECONDS
from scoring.health.moments import LAST
from scoring.health.transitions import would_change_at

# Scores are compared rounded to 1e-6, so a score counts as over a line half of that before it reaches it.
_HALF_ROUNDING: Final = 5e-7
# In points. A line that stays this far from a bound does not reach it.
_MARGIN: Final = 1e-9
# How far off the computed moment of an intersection may be: more where a line is flat, _ERROR_MOST at the most.
_ERROR_SECONDS: Final = 1e-5
_ERROR_POINTS: Final = 1e-11
_ERROR_MOST: Final = 8.0

# Earliest and latest operational time, and whether the score is sure to leave its range there.
Candidate = tuple[float, float, bool]


def next_due(account: Account, state: AlertState, at: float, until: float = LAST) -> int | None:
    """The first whole second after the UTC moment `at` at which an evaluation would change `state`; None if there is
    none up to `until`.

    The account must be evaluated at `at`. The walk moves its trajectories, so evaluate it again afterwards.
    """
    clock = account.context.clock
    first = asked = floor(at)
    walk = _Walk(account, state, clock.operational(at))
    while True:
        end = walk.segment_end()
        beyond = clock.wall(end)
        for early, late, certain in walk.candidates(end):
            soonest, latest = clock.wall(early), clock.wall(late)
            if soonest > until:
                return None
            second, last = ceil(soonest), min(ceil(min(latest, until)), floor(until))
            # A single line that leaves its range, with no end of a segment before the second, needs no evaluation.
            sure = certain and latest < second < beyond
            while second <= last:
                if second > first and second != asked:
                    if sure or would_change_at(account, state, clock.operational(float(second))):
                        return second
                    asked = second
                second += 1
        if beyond > until + MAPPED_SECONDS:
            return None
        walk.enter_next_segments(end)


@final
class _Walk:
    """All trajectories side by side, from the moment `origin` on. `begin` is where the present segment began.

    `jumped` if something appeared, vanished or became due at `begin`: then the score may have left its range there
    without an intersection.
    """

    __slots__ = ("account", "begin", "capped", "deadline", "high", "jumped", "low", "mean", "origin", "slope")

    def __init__(self, account: Account, state: AlertState, origin: float) -> None:
        self.account = account
        self.origin = self.begin = origin
        self.low, self.high = state.low - _HALF_ROUNDING, state.high - _HALF_ROUNDING
        self.deadline = state.deadline if state.deadline > origin else inf
        self.jumped = False
        self.mean = self.slope = 0.0
        self.capped = False
        self._weigh()

    def segment_end(self) -> float:
        """Up to here all trajectories are straight."""
        end = self.deadline
        for line in self.account.trajectories:
            if line.end < end:
                end = line.end
        return end

    def candidates(self, end: float) -> list[Candidate]:
        """All moments up to `end` at which the score may leave its range, in order."""
        age, length = self.begin - self.origin, end - self.origin
        least = self.mean + self.slope * age
        # Most segments stay within the range from begin to end; without a cap two comparisons show it.
        if not self.capped and not self.jumped:
            there = self.mean + self.slope * length if self.slope != 0.0 else least
            low, high = self.low + _MARGIN, self.high - _MARGIN
            if low < least < high and low < there < high:
                return []
        intersections = self._intersections(self.mean, self.slope, end)
        for flag in self.account.caps:
            if flag.available:
                least = min(least, flag.points + flag.slope * age)
                intersections += self._intersections(flag.points, flag.slope, end)
        intersections.sort()
        found = [(at - error, at + error, leaves and not self.capped) for at, error, leaves in intersections]
        if self.jumped or not self.low <= least < self.high:
            # A clock may map the moment back with a rounding error, so both seconds around it are tried.
            return [(self.begin - _ERROR_SECONDS, self.begin + _ERROR_SECONDS, False), *found]
        return found

    def _intersections(self, value: float, slope: float, end: float) -> list[Candidate]:
        """When a line reaches a bound, how far off that may be, and whether it leaves the range there."""
        intersections: list[Candidate] = []
        if slope == 0.0:
            return intersections
        begin, origin = self.begin, self.origin
        here, there = value + slope * (begin - origin), value + slope * (end - origin)
        for bound in (self.low, self.high):
            if min(here, there) > bound + _MARGIN or max(here, there) < bound - _MARGIN or abs(bound) == inf:
                continue
            moment = origin + (bound - value) / slope
            error = min(_ERROR_SECONDS + _ERROR_POINTS / abs(slope), _ERROR_MOST)
            if begin - error <= moment <= end + error:
                intersections.append((moment, error, (slope < 0.0) == (bound == self.low)))
        return intersections

    def enter_next_segments(self, end: float) -> None:
        """Moves every trajectory that ends at `end` to its next segment."""
        self.begin = end
        self.jumped = end == self.deadline
        if self.jumped:
            self.deadline = inf
        for line in self.account.trajectories:
            if line.end == end:
                was = line.available
                line.next_segment(self.origin)
                if was != line.available:
                    self.jumped = True
        if self.jumped:
            self._weigh()
        else:
            self._add_up()

    def _weigh(self) -> None:
        """Looks up the weights for the metrics that are available now."""
        account, available = self.account, 0
        for metric in account.ordered:
            if metric.available:
                available |= metric.bit
        weights = account.model.weighting.of(account.context.stage, available)
        for metric in account.ordered:
            metric.walk_weight = weights.values[metric.index]
        self.capped = any([flag.available for flag in account.caps])
        self.mean = account.model.reference
        self._add_up()

    def _add_up(self) -> None:
        """Sums from scratch at each end: after a steep segment the rounding of a running sum would be too large."""
        mean = slope = 0.0
        counts = False
        for metric in self.account.ordered:
            weight = metric.walk_weight
            if weight != 0.0:
                counts = True
                mean += weight * metric.points
                slope += weight * metric.slope
        if counts:
            self.mean = mean
        self.slope = slope
