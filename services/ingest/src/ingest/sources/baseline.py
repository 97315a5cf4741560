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
# A day of the week is quiet if it has less than this share of the busiest day.
_QUIET_SHARE: Final = 0.5
# If empty hours have more than this share of the expected events, the source sends in batches or rarely.
_PATCHY_SHARE: Final = 0.05
_BATCH_SLACK: Final = 2.0
# How many of the longest gaps are left out, because they may be outages.
_UNUSUAL_GAPS: Final = 2


class Baseline(Struct, frozen=True):
    """Numbers are events, times are hours.

    `profile` has the usual events of each hour of the week, `quietest` for each hour of the day the least of any day of
    the week. `day` is the usual number of events of a working day: the mean of the days that are not quiet. `level` is
    the last week before the newest event over what the profile expects of it, at most 1. `typical` is the median of the
    hours with events. `slack` is by how much a batch may be late or early. `gap_events` and `gap_hours` are the longest
    usual gap: the events expected in it, and its length.
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
        """How many events are usual between two moments."""
        return sum(share * self.profile[hour_of_week(hour)] for hour, share in hours_between(start, end))

    def surely_expected(self, start: float, end: float) -> float:
        """The same if every day were like the quietest day of the week, as a public holiday may be."""
        return sum(share * self.quietest[hour_of_week(hour) % 24] for hour, share in hours_between(start, end))


def hour_of_week(hour: int) -> int:
    return (hour - _FIRST_MONDAY) % HOURS_OF_WEEK


def hours_between(start: float, end: float) -> list[tuple[int, float]]:
    """The hours that two moments (in hours) touch, each with the share of it that lies between them."""
    return [(hour, min(end, hour + 1) - max(start, hour)) for hour in range(int(start), int(-(-end // 1)))]


def learn(counts: Mapping[int, int], *, newest: int) -> Baseline | None:
    """The baseline of the 8 weeks up to `newest`, the hour of the newest event; None below 2 weeks.

    The hours after the newest event are the silence to be judged, so they are no part of the baseline.
    """
    window = range(newest + 1 - WEEKS * HOURS_OF_WEEK, newest + 1)
    heard = sorted(hour for hour in window if counts.get(hour))
    if not heard or newest + 1 - heard[0] < LEARNING_WEEKS * HOURS_OF_WEEK:
        return None
    # Caps single hours: an unmarked backfill, for example, must not become the baseline.
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
        # At most the mean: smoothing would move events of the last busy hour into a quiet one.
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
    """The mean of each hour of the week."""
    sums, seen = [0.0] * HOURS_OF_WEEK, [0] * HOURS_OF_WEEK
    for hour in window:
        place = hour_of_week(hour)
        seen[place] += 1
        sums[place] += counts.get(hour, 0)
    return [total / max(1, count) for total, count in zip(sums, seen, strict=True)]


def _smoothed(means: list[float]) -> tuple[float, ...]:
    """Averages each hour with its neighbours, because people do not begin exactly on the hour."""
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
    """For each run of empty hours: the events expected in it, without the slack at both ends, and its length."""
    expected, lengths = [], []
    for before, after in pairwise(heard):
        if after > before + 1:
            inner = range(before + 1 + int(slack), after - int(slack))
            expected.append(sum(profile[hour_of_week(hour)] for hour in inner))
            lengths.append(float(after - before))
    return expected, lengths


def _usual(gaps: list[float]) -> float:
    """The longest usual gap."""
    return sorted(gaps)[-1 - _UNUSUAL_GAPS] if len(gaps) > _UNUSUAL_GAPS else 0.0
