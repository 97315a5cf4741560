"""Clocks by which some days count less than others: piecewise linear, and strictly increasing."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import tzinfo
from typing import final

from scoring.health.clock import Clock
from scoring.health.moments import DAY, local_midnight

# In UTC: from its first moment on, and up to its end.
Interval = tuple[float, float]


@final
class CalendarClock(Clock):
    """Each day counts as its calendar says, evenly from its midnight to the next one.

    `midnights` (UTC) and `counted` (the operational time there) have one entry for each day, in order, and one for the
    end of the last day. Before and after these days every second counts as one second. Many clocks share each of them:
    midnights are those of a time zone, `counted` is of a country.
    """

    def __init__(self, midnights: Sequence[float], counted: Sequence[float]) -> None:
        self._midnights = midnights
        self._counted = counted
        self._begin = midnights[0]
        self._end = midnights[len(midnights) - 1]
        self._first = counted[0]
        self._last = counted[len(counted) - 1]

    def operational(self, moment: float) -> float:
        if moment < self._begin:
            return self._first + (moment - self._begin)
        if moment >= self._end:
            return self._last + (moment - self._end)
        midnights, counted = self._midnights, self._counted
        # A day has about 24 hours, so the guess is off by one day at most.
        day = int((moment - self._begin) / DAY)
        while day >= len(midnights) - 1 or moment < midnights[day]:
            day -= 1
        while moment >= midnights[day + 1]:
            day += 1
        begin, tau = midnights[day], counted[day]
        return tau + (moment - begin) * ((counted[day + 1] - tau) / (midnights[day + 1] - begin))

    def wall(self, tau: float) -> float:
        if tau < self._first:
            return self._begin + (tau - self._first)
        if tau >= self._last:
            return self._end + (tau - self._last)
        midnights, counted = self._midnights, self._counted
        day = bisect_right(counted, tau) - 1
        begin, start = midnights[day], counted[day]
        return begin + (tau - start) * ((midnights[day + 1] - begin) / (counted[day + 1] - start))

    def days_between(self, first: int, last: int, zone: tzinfo) -> float:
        return _days_between(self, first, last, zone)


@final
class ClosedClock(Clock):
    """The clock of an account that is closed within `closed`: there a second counts `rate`, elsewhere as in `base`.

    `closed` is in order, and no two of these intervals meet.
    """

    def __init__(self, base: Clock, closed: Sequence[Interval], rate: float) -> None:
        self.base = base
        self.closed = list(closed)
        self.rate = rate
        self._begins = [begin for begin, end in closed]
        # The operational time at the beginning and at the end of each interval, and how far `base` is ahead after it.
        self._starts: list[float] = []
        self._stops: list[float] = []
        self._ahead: list[float] = []
        ahead = 0.0
        for begin, end in closed:
            start = base.operational(begin) - ahead
            stop = start + (end - begin) * rate
            ahead = base.operational(end) - stop
            self._starts.append(start)
            self._stops.append(stop)
            self._ahead.append(ahead)

    def operational(self, moment: float) -> float:
        last = bisect_right(self._begins, moment) - 1
        if last < 0:
            return self.base.operational(moment)
        begin, end = self.closed[last]
        if moment < end:
            return self._starts[last] + (moment - begin) * self.rate
        return self.base.operational(moment) - self._ahead[last]

    def wall(self, tau: float) -> float:
        last = bisect_right(self._starts, tau) - 1
        if last < 0:
            return self.base.wall(tau)
        if tau < self._stops[last]:
            return self.closed[last][0] + (tau - self._starts[last]) / self.rate
        return self.base.wall(tau + self._ahead[last])

    def days_between(self, first: int, last: int, zone: tzinfo) -> float:
        return _days_between(self, first, last, zone)


def _days_between(clock: Clock, first: int, last: int, zone: tzinfo) -> float:
    return (clock.operational(local_midnight(last, zone)) - clock.operational(local_midnight(first, zone))) / DAY
