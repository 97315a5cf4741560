"""The next whole second at which silence changes the alert state: exact, without a search and without polling.

In silence the mean and every cap are lines between the ends of segments. The walk goes from end to end, meets the lines
with the bounds of the stable range in closed form, and asks at the whole seconds that it found: rounding may put them
one off.
"""

from math import ceil, floor, inf
from typing import Final, final

from scoring.health.account import Account
from scoring.health.alert_state import AlertState
from scoring.health.moments import LAST
from scoring.health.transitions import would_change_at

# Scores are compared rounded to 1e-6, so a score is over a line this much before it is.
_HALF: Final = 5e-7
# A line that stays this far from a bound does not meet it.
_CLEAR: Final = 1e-9
# How far from the truth the computed moment of a meeting may be.
_BLUR_SECONDS: Final = 1e-5
_BLUR_POINTS: Final = 1e-11
_BLUR_MOST: Final = 8.0

# Operational time: not before, not after; and whether the score surely leaves its range then.
Candidate = tuple[float, float, bool]


def next_due(account: Account, state: AlertState, at: float, until: float = LAST) -> int | None:
    """The first whole second after the UTC moment `at` at which an evaluation would change `state`; None if there is
    none up to `until`.

    The account must be evaluated at `at`. Its trajectories are elsewhere afterwards: evaluate it again.
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
            sure = certain and latest < second < beyond
            while second <= last:
                if second > first and second != asked:
                    if sure or would_change_at(account, state, clock.operational(float(second))):
                        return second
                    asked = second
                second += 1
        if beyond > until + _BLUR_SECONDS:
            return None
        walk.pass_end(end)


@final
class _Walk:
    """All trajectories side by side from one moment, the origin, on. `begin` is where the present segment began.

    `jumped` if something appeared, vanished or became due there, so that lines no longer tell what happened.
    """

    __slots__ = ("account", "begin", "capped", "deadline", "high", "jumped", "low", "mean", "origin", "slope")

    def __init__(self, account: Account, state: AlertState, origin: float) -> None:
        self.account = account
        self.origin = self.begin = origin
        self.low, self.high = state.low - _HALF, state.high - _HALF
        self.deadline = state.deadline if state.deadline > origin else inf
        self.jumped = False
        self.mean = self.slope = 0.0
        self.capped = False
        self._weigh()

    def segment_end(self) -> float:
        """Until then all trajectories are straight."""
        end = self.deadline
        for line in self.account.lines:
            if line.end < end:
                end = line.end
        return end

    def candidates(self, end: float) -> list[Candidate]:
        """When the score may leave its range up to `end`, in order; none is left out."""
        age, length = self.begin - self.origin, end - self.origin
        least = self.mean + self.slope * age
        if not self.capped and not self.jumped:
            there = self.mean + self.slope * length if self.slope != 0.0 else least
            low, high = self.low + _CLEAR, self.high - _CLEAR
            if low < least < high and low < there < high:
                return []
        met = self._meetings(self.mean, self.slope, end)
        for flag in self.account.flags:
            if flag.available:
                least = min(least, flag.points + flag.slope * age)
                met += self._meetings(flag.points, flag.slope, end)
        met.sort()
        found = [(moment - blur, moment + blur, leaves and not self.capped) for moment, blur, leaves in met]
        if self.jumped or not self.low <= least < self.high:
            # A clock may map the moment and back with a rounding error: both seconds are asked.
            return [(self.begin - _BLUR_SECONDS, self.begin + _BLUR_SECONDS, False), *found]
        return found

    def _meetings(self, value: float, slope: float, end: float) -> list[Candidate]:
        """When a line meets a bound, how far off that may be, and whether it leaves the range there."""
        met: list[Candidate] = []
        if slope == 0.0:
            return met
        begin, origin = self.begin, self.origin
        here, there = value + slope * (begin - origin), value + slope * (end - origin)
        for bound in (self.low, self.high):
            if min(here, there) > bound + _CLEAR or max(here, there) < bound - _CLEAR or abs(bound) == inf:
                continue
            moment = origin + (bound - value) / slope
            blur = min(_BLUR_SECONDS + _BLUR_POINTS / abs(slope), _BLUR_MOST)
            if begin - blur <= moment <= end + blur:
                met.append((moment, blur, (slope < 0.0) == (bound == self.low)))
        return met

    def pass_end(self, end: float) -> None:
        """Goes on to the segments that begin at `end`."""
        self.begin = end
        self.jumped = end == self.deadline
        if self.jumped:
            self.deadline = inf
        for line in self.account.lines:
            if line.end == end:
                was = line.available
                line.step(self.origin)
                if was != line.available:
                    self.jumped = True
        if self.jumped:
            self._weigh()
        else:
            self._add_up()

    def _weigh(self) -> None:
        """Which metrics and caps there are."""
        account, available = self.account, 0
        for metric in account.ordered:
            if metric.available:
                available |= metric.bit
        weights = account.model.weighting.of(account.context.stage, available)
        for metric in account.ordered:
            metric.walk_weight = weights.values[metric.index]
        self.capped = any([flag.available for flag in account.flags])
        self.mean = account.model.reference
        self._add_up()

    def _add_up(self) -> None:
        """Anew at each end: where points are steep, what is left of old sums would drown the rest."""
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
