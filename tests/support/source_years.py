"""Simulated years of sources: how often a source that is well is called silent, and how soon one that is cut.

    PYTHONPATH=tests .venv/bin/python -m support.source_years 20

prints the table of docs/sources.md, of so many years for each kind of source.
"""

import random
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from math import exp, sqrt
from statistics import median
from zoneinfo import ZoneInfo

from msgspec import Struct

from ingest.sources.baseline import HOURS_OF_WEEK, WEEKS, Baseline, learn
from ingest.sources.judgement import is_silent

# People live by a zone with summer time; sources are judged in UTC.
_ZONE = ZoneInfo("Europe/Berlin")
START = datetime(2025, 1, 6, tzinfo=UTC)
YEAR_HOURS = 52 * HOURS_OF_WEEK
# Days on which a product for businesses in one country is closed, beside the days between Christmas and New Year.
_HOLIDAYS = {(1, 1), (4, 18), (4, 21), (5, 1), (5, 29), (6, 9), (10, 3), (12, 25), (12, 26)}
# A judgement every quarter of an hour, as often as a silence can begin to matter.
_STEP = 0.25


class SourceKind(Struct, frozen=True):
    """`count` draws how many events an hour of the year brings."""

    name: str
    count: Callable[[datetime, random.Random], int]


class SourceYear(Struct, frozen=True):
    """When a source that is well was called silent, and how many hours it took until each cut was seen."""

    false: list[float]
    delays: list[float]


def poisson(mean: float, rng: random.Random) -> int:
    if mean > 50:
        return max(0, round(rng.gauss(mean, sqrt(mean))))
    limit, product, count = exp(-mean), rng.random(), 0
    while product > limit:
        product *= rng.random()
        count += 1
    return count


def _closed(day: datetime) -> bool:
    return (day.month, day.day) in _HOLIDAYS


def _between_years(day: datetime) -> bool:
    return (day.month, day.day) >= (12, 24) or (day.month, day.day) <= (1, 3)


def _working_hours(at: datetime) -> float:
    return 1.0 if 7 <= at.hour < 18 else 0.03


def _always_on(a_day: float) -> Callable[[datetime, random.Random], int]:
    """People of many countries: weekends at a third, holidays at a tenth, the last week of the year at a twentieth."""

    def count(at: datetime, rng: random.Random) -> int:
        share = 0.33 if at.weekday() >= 5 else 1.0
        share = 0.1 if _closed(at) else 0.05 if _between_years(at) else share
        return poisson(a_day / 12 * share * _working_hours(at) * rng.gammavariate(4, 0.25), rng)

    return count


def _weekend_free(a_day: float) -> Callable[[datetime, random.Random], int]:
    """People of one country: nothing on weekends, on holidays and between Christmas and New Year."""

    def count(at: datetime, rng: random.Random) -> int:
        if at.weekday() >= 5 or _closed(at) or _between_years(at) or not 7 <= at.hour < 18:
            return 0
        return poisson(a_day / 11 * rng.gammavariate(4, 0.25), rng)

    return count


def _even(a_day: float) -> Callable[[datetime, random.Random], int]:
    return lambda at, rng: poisson(a_day / 24, rng)


def _hourly_job(at: datetime, rng: random.Random) -> int:
    """One run in fifty fails, and the next one brings both."""
    return 0 if rng.random() < 0.02 else rng.randint(50, 400)


def _bursty(at: datetime, rng: random.Random) -> int:
    """Two outbursts a day on average, at any hour, each of tens to thousands of events."""
    return int(rng.paretovariate(1.1) * 30) if rng.random() < 2 / 24 else 0


def _nightly(days: range, size: int) -> Callable[[datetime, random.Random], int]:
    """At 2 o'clock, one night in five an hour later."""

    def count(at: datetime, rng: random.Random) -> int:
        late = random.Random(at.toordinal()).random() < 0.2
        # In spring 3 o'clock follows 1 o'clock, and a scheduler runs then what was due at 2.
        skipped = at.hour == 3 and (at.astimezone(UTC) - timedelta(hours=1)).astimezone(_ZONE).hour == 1
        due = skipped or at.hour == (3 if late else 2)
        return rng.randint(size // 2, size) if due and at.weekday() in days else 0

    return count


def _weekly(at: datetime, rng: random.Random) -> int:
    """On Monday at 4 o'clock, on Tuesday if Monday is a holiday."""
    monday = at - timedelta(days=1)
    due = (at.weekday() == 0 and not _closed(at)) or (at.weekday() == 1 and _closed(monday))
    return rng.randint(2_000, 4_000) if due and at.hour == 4 else 0


KINDS = (
    SourceKind("product of many countries, 20,000 events a day", _always_on(20_000)),
    SourceKind("the same, 300 a day", _always_on(300)),
    SourceKind("product of one country, no weekends, 5,000 a day", _weekend_free(5_000)),
    SourceKind("the same, 60 a day", _weekend_free(60)),
    SourceKind("machines, day and night, 2,000 a day", _even(2_000)),
    SourceKind("3 events a day, at any hour", _even(3)),
    SourceKind("job every hour, one run in fifty fails", _hourly_job),
    SourceKind("outbursts, two a day at any hour", _bursty),
    SourceKind("batch every night, 10,000", _nightly(range(7), 10_000)),
    SourceKind("batch every night but weekends, 10,000", _nightly(range(5), 10_000)),
    SourceKind("batch every week, 3,000", _weekly),
)


def history(kind: SourceKind, rng: random.Random) -> dict[int, int]:
    """A year and the eight weeks before it, by hour since the epoch."""
    first = int(START.timestamp()) // 3600 - WEEKS * HOURS_OF_WEEK
    hours = range(first, first + WEEKS * HOURS_OF_WEEK + YEAR_HOURS)
    return {hour: n for hour in hours if (n := kind.count(datetime.fromtimestamp(hour * 3600, _ZONE), rng))}


def play(kind: SourceKind, seed: int, *, cuts: int = 10) -> SourceYear:
    """One year, and the same year cut off at so many moments at which the source was just heard."""
    rng = random.Random(seed)
    counts = history(kind, rng)
    start = int(START.timestamp()) // 3600
    heard = sorted(hour for hour in counts if hour >= start)
    judging = Judging(counts)
    false = [
        moment for before, after in pairwise(heard) if (moment := judging.silent_at(before, until=after)) is not None
    ]
    delays = []
    for _ in range(cuts):
        cut = rng.choice(heard[: len(heard) * 9 // 10])
        moment = judging.silent_at(cut, until=cut + 6 * HOURS_OF_WEEK)
        delays.append(moment - judging.last_event(cut) if moment is not None else float("inf"))
    return SourceYear(false, delays)


class Judging:
    """Baselines are learned for the first silence of a day: one for each hour changes nothing and takes minutes."""

    def __init__(self, counts: Mapping[int, int]) -> None:
        self._counts = counts
        self._known: dict[int, Baseline | None] = {}

    def silent_at(self, newest: int, *, until: int) -> float | None:
        """When a source heard last in the hour `newest`, and again in `until`, was called silent meanwhile."""
        last = moment = self.last_event(newest)
        if until - newest < 2:
            return None
        day = newest // 24
        if day not in self._known:
            self._known[day] = learn(self._counts, newest=newest)
        baseline = self._known[day]
        again = until + 1 / (1 + self._counts.get(until, 0))
        while baseline is not None and (moment := moment + _STEP) <= again:
            if is_silent(baseline, newest=last, now=moment):
                return moment
        return None

    def last_event(self, hour: int) -> float:
        """Where the last of so many events of an hour stands on average."""
        count = self._counts[hour]
        return hour + count / (count + 1)


def table(years: int) -> Iterator[str]:
    """The lines of a Markdown table."""
    yield "| source | false alarms a year | hours until a cut is seen: median | 9 of 10 | the longest |"
    yield "|---|---|---|---|---|"
    for kind in KINDS:
        played = [play(kind, seed) for seed in range(years)]
        false = sum(len(year.false) for year in played) / years
        delays = sorted(delay for year in played for delay in year.delays)
        ninth = delays[int(0.9 * len(delays))]
        yield f"| {kind.name} | {false:.2f} | {median(delays):.0f} | {ninth:.0f} | {delays[-1]:.0f} |"


if __name__ == "__main__":
    for line in table(int(sys.argv[1]) if len(sys.argv) > 1 else 3):
        sys.stdout.write(f"{line}\n")
