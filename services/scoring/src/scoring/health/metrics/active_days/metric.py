"""active_days: a decayed count of the days on which something happened. However often on a day, the day counts once.

A day counts from its midnight on, so it does not matter which of its events came first.
"""

from math import inf
from typing import Any, Final, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.curve import Curve
from scoring.health.metrics.active_days.definition import ActiveDays
from scoring.health.metrics.decaying_count import DecayingCountMetric
from scoring.health.metrics.metric import OtherMetrics
from scoring.health.moments import end_of_day, local_day, local_midnight

# So many days, up to the newest, are known one by one. An event on an earlier day comes too late to count.
_REMEMBERED: Final = 1024
_MASK: Final = (1 << _REMEMBERED) - 1


@final
class ActiveDaysMetric(DecayingCountMetric):
    """Days are those of the account's zone, since the epoch. Bit i of `days` says whether the i-th day before
    `newest_day` is counted.

    `day_begin` and `day_end` (UTC) are those of the last event's day, so that its other events ask no calendar.
    """

    __slots__ = ("day_begin", "day_end", "days", "newest_day", "saved_days", "saved_newest_day")

    def __init__(self, definition: ActiveDays, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition, index, curves)
        self.newest_day = 0
        self.days = 0
        self.saved_newest_day = 0
        self.saved_days = 0
        self.day_begin = inf
        self.day_end = -inf

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        if self.day_begin <= moment < self.day_end:
            return False
        day = local_day(moment, context.zone)
        self.day_begin, self.day_end = local_midnight(day, context.zone), end_of_day(day, context.zone)
        newest, days = self._with(day)
        is_new = days != self.days or newest != self.newest_day
        # A day that comes too late to count may still be the one with which an optional metric begins.
        if not is_new and (self.first is None or self.day_begin >= self.first.moment):
            return False
        self.saved_newest_day, self.saved_days = self.newest_day, self.days
        self.newest_day, self.days = newest, days
        self.count(1.0 if is_new else 0.0, self.day_begin, context.clock.operational(self.day_begin))
        return True

    def _with(self, day: int) -> tuple[int, int]:
        """`newest_day` and `days` with this day counted."""
        age = self.newest_day - day
        if self.days == 0 or -age >= _REMEMBERED:
            return day, 1
        if age < 0:
            return day, (self.days << -age | 1) & _MASK
        return self.newest_day, self.days | 1 << age if age < _REMEMBERED else self.days

    def undo(self) -> None:
        super().undo()
        self.newest_day, self.days = self.saved_newest_day, self.saved_days
        self.day_begin, self.day_end = inf, -inf

    def rebase(self, context: Context) -> None:
        self.sum.rebase(context.clock)
        # Another zone has other midnights.
        self.day_begin, self.day_end = inf, -inf

    def dump(self) -> object:
        if self.days == 0:
            return None
        return self.dump_sum(), self.newest_day, self.days.to_bytes((self.days.bit_length() + 7) // 8, "little")

    def restore(self, state: Any) -> None:
        added, self.newest_day, days = state
        self.restore_sum(added)
        self.days = int.from_bytes(days, "little")
