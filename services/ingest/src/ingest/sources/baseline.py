"""What is usual for one source, learned from its own last weeks. Pure.

Hours are whole hours since the epoch, in UTC; an hour of the week counts from Monday 00:00.
"""

from collections.abc import Mapping
from itertools import pairwise
from statistics import median
from typing import Final

from msgspec import Struct

HOURS_OF_WEEK: Final = 168
WEEKS: Final = 8
LEARNING_WEEKS: Final = 2
_FIRST_MONDAY: Final = 96  # 1970-01-05, in hours
# A day of the week with less than this share of the busiest one is quiet.
_QUIET_SHARE: Final = 0.5
# Above this share of expected events in empty hours a source sends in batches, or only a few events a day.
_PATCHY_SHARE: Final = 0.05
_BATCH_SLACK: Final = 2.0
# The longest gaps of the weeks may be outages: how many are left out.
_UNUSUAL_GAPS: Final = 2


class Baseline(Struct, frozen=True):
    """Numbers are events, times are hours.

    `profile` is what an hour of the week brings, `quietest` the least that this hour of the day brings on any day of
    the week. `day` is a working day: the mean of the days of the week that are not quiet. `level` is the last week
    before the newest event over what the profile expects of it, at most 1. `typical` is the median of the hours in
    which the source was heard. `slack` is how far a batch may move. `gap_events` and `gap_hours` are the longest usual
    gap: what was expected in it, and how long it took.
    """

    profile: tuple[float, ...]
    quietest: tuple[float, ...]
    quiet_days: frozenset[int]
    day: float
    level: float
    typical: float
    slack: float
    gap_events: float
    gap_hours: float

    def expected(self, start: float, end: float) -> float:
        """How many events the profile has between two moments."""
        return sum(share * self.profile[hour_of_week(hour)] for hour, share in hours_between(start, end))

    def surely_expected(self, start: float, end: float) -> float:
        """The same if every day were like the quietest of the week, as a public holiday is."""
        return sum(share * self.quietest[hour_of_week(hour) % 24] for hour, share in hours_between(start, end))


def hour_of_week(hour: int) -> int:
    return (hour - _FIRST_MONDAY) % HOURS_OF_WEEK


def hours_between(start: float, end: float) -> list[tuple[int, float]]:
    """The hours that two moments (in hours) touch, each with the share of it that lies between them."""
    return [(hour, min(end, hour + 1) - max(start, hour)) for hour in range(int(start), int(-(-end // 1)))]


def learn(counts: Mapping[int, int], *, newest: int) -> Baseline | None:
    """The baseline of the 8 weeks up to `newest`, the hour of the newest event; None below 2 weeks.

    What comes after the newest event is the silence to be judged, so it teaches nothing.
    """
    window = range(newest + 1 - WEEKS * HOURS_OF_WEEK, newest + 1)
    heard = sorted(hour for hour in window if counts.get(hour))
    if not heard or newest + 1 - heard[0] < LEARNING_WEEKS * HOURS_OF_WEEK:
        return None
    # One outburst, such as a backfill that is not marked as one, must not set the measure.
    limit = sorted(counts[hour] for hour in heard)[int(0.9 * len(heard))]
    capped = {hour: min(counts[hour], limit) for hour in heard}
    means = _means(capped, range(heard[0], newest + 1))
    profile = _smoothed(means)
    days = [sum(profile[24 * day : 24 * day + 24]) for day in range(7)]
    quiet = frozenset(day for day in range(7) if days[day] < _QUIET_SHARE * max(days))
    working = [days[day] for day in range(7) if day not in quiet]
    slack = _slack(heard, profile)
    gaps_events, gaps_hours = _gaps(heard, profile, slack)
    return Baseline(
        profile=profile,
        # Not more than the mean itself: in the evening the last busy hour would be smoothed into the next one.
        quietest=tuple(min(min(profile[at], means[at]) for at in range(hour, HOURS_OF_WEEK, 24)) for hour in range(24)),
        quiet_days=quiet,
        day=sum(working) / len(working),
        level=_level(capped, profile, newest),
        typical=median(capped.values()),
        slack=slack,
        gap_events=_usual(gaps_events),
        gap_hours=_usual(gaps_hours),
    )


def _means(counts: Mapping[int, int], window: range) -> list[float]:
    """By hour of the week."""
    sums, seen = [0.0] * HOURS_OF_WEEK, [0] * HOURS_OF_WEEK
    for hour in window:
        place = hour_of_week(hour)
        seen[place] += 1
        sums[place] += counts.get(hour, 0)
    return [total / max(1, count) for total, count in zip(sums, seen, strict=True)]


def _smoothed(means: list[float]) -> tuple[float, ...]:
    """Each hour with its neighbours: nobody begins work at the stroke of the hour."""
    return tuple(
        (means[place - 1] + 2 * means[place] + means[(place + 1) % HOURS_OF_WEEK]) / 4 for place in range(HOURS_OF_WEEK)
    )


def _level(counts: Mapping[int, int], profile: tuple[float, ...], newest: int) -> float:
    heard = sum(counts.get(hour, 0) for hour in range(newest + 1 - HOURS_OF_WEEK, newest + 1))
    return min(1.0, heard / sum(profile))


def _slack(heard: list[int], profile: tuple[float, ...]) -> float:
    known = set(heard)
    empty = sum(profile[hour_of_week(hour)] for hour in range(heard[0], heard[-1]) if hour not in known)
    total = sum(profile[hour_of_week(hour)] for hour in range(heard[0], heard[-1]))
    return _BATCH_SLACK if empty > _PATCHY_SHARE * total else 0.0


def _gaps(heard: list[int], profile: tuple[float, ...], slack: float) -> tuple[list[float], list[float]]:
    """Of each run of empty hours: what was expected in it, but for the slack at both ends, and how long it took."""
    expected, lengths = [], []
    for before, after in pairwise(heard):
        if after > before + 1:
            inner = range(before + 1 + int(slack), after - int(slack))
            expected.append(sum(profile[hour_of_week(hour)] for hour in inner))
            lengths.append(float(after - before))
    return expected, lengths


def _usual(gaps: list[float]) -> float:
    """The longest that is usual."""
    return sorted(gaps)[-1 - _UNUSUAL_GAPS] if len(gaps) > _UNUSUAL_GAPS else 0.0
