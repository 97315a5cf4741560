"""A calendar clock as a textbook has it: a list of days, each with how much it counts, added up one by one.

It shares no code with the clocks of the core. Its tables are slow to make and small.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta, tzinfo

FIRST = date(2010, 1, 1)
END = date(2050, 1, 1)
DAY = 86_400.0


class TextbookClock:
    """`free` are the weekdays of the weekend, `closed` the first and last days on which the account is away."""

    def __init__(
        self,
        *,
        floor: float,
        holiday_factor: float,
        free: frozenset[int],
        holidays: frozenset[date],
        closed: Sequence[tuple[date, date]] = (),
        zone: tzinfo = UTC,
        around: tuple[date, date] = (FIRST, END),
    ) -> None:
        """`around` are days of which each is added up; outside of them, in the calendar, none may be asked for."""
        shut = {first + timedelta(n) for first, last in closed for n in range((last - first).days + 1)}
        working = (7 - len(free) * floor) / (7 - len(free))
        self.midnights: list[float] = []
        self.sums = [0.0]
        day = around[0]
        while day <= around[1]:
            self.midnights.append(datetime.combine(day, time(), zone).timestamp())
            following = datetime.combine(day + timedelta(1), time(), zone).timestamp()
            weight = floor if day.weekday() in free else working
            if day in holidays:
                weight = max(floor, weight * holiday_factor)
            # A day of 25 hours counts as any other, but closed it is closed for 25 hours.
            counted = (following - self.midnights[-1]) * floor if day in shut else weight * DAY
            self.sums.append(self.sums[-1] + counted)
            day += timedelta(1)

    def operational(self, moment: float) -> float:
        """Seconds since the first midnight."""
        if moment < self.midnights[0]:
            return moment - self.midnights[0]
        if moment >= self.midnights[-1]:
            return self.sums[-2] + moment - self.midnights[-1]
        low, high = 0, len(self.midnights) - 1
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.midnights[middle] <= moment else (low, middle)
        share = (moment - self.midnights[low]) / (self.midnights[low + 1] - self.midnights[low])
        return self.sums[low] + share * (self.sums[low + 1] - self.sums[low])
