"""The kinds of metrics as SCORING's table has them: each read from the whole history once, then known at every moment.

A reading says `points` at a moment, and `x`: the value behind them, or its log2 where it fades by halves. `base` is the
newest moment that it knows of, `knots` are moments at which it may bend or jump.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from itertools import pairwise
from typing import NamedTuple, Protocol

from scoring.health.metrics.definition import Knots
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.silence.definition import Silence
from support.textbook_history import DAY, History, key_of, weigh

# A step that weighs less does not count.
LEAST_WEIGHT = 1e-9


class Reading(Protocol):
    @property
    def base(self) -> float: ...
    def x(self, at: float) -> float | None: ...
    def bound(self, value: float) -> float: ...
    def meets(self, x: float) -> float | None: ...
    def points(self, at: float) -> float | None: ...
    def knots(self) -> Iterator[float]: ...


class Line(NamedTuple):
    """x is minus infinity for the log2 of nothing, and stays so."""

    base: float
    x: float
    speed: float

    def at(self, at: float) -> float:
        return self.x + self.speed * (at - self.base)

    def meets(self, x: float) -> float | None:
        if math.isinf(self.x) or math.isinf(x):
            return None
        return self.base + (x - self.x) / self.speed


def fading(terms: Sequence[tuple[float, float]], *, born: float, half_life: float) -> Line:
    """The sum of (moment, weight), each halved every half-life (days) from its moment on."""
    terms = [(moment, weight) for moment, weight in terms if weight > 0.0]
    # A day counts from its midnight on, which may be before the account began.
    newest = max((moment for moment, _ in terms), default=born)
    base, half = max(newest, born), half_life * DAY
    # As of the newest: an old sum is next to nothing, but a number that underflows says that it is nothing.
    total = sum(weight * 2.0 ** (-(newest - moment) / half) for moment, weight in terms)
    return Line(base, log2(total) - (base - newest) / half, -1.0 / half)


def counted(history: History, names: Sequence[str], weight: str | None) -> list[tuple[float, float]]:
    return [(deed.moment, weigh(deed.event, weight)) for deed in history.of(names)]


def active(history: History, names: Sequence[str]) -> list[tuple[float, float]]:
    """Every day once, from its midnight on, in the zone that was known when its first event was logged."""
    midnights: dict[int, float] = {}
    for deed in history.of(names):
        zone = history.zone_at(deed.place)
        day = datetime.fromtimestamp(deed.moment, zone).date()
        midnights.setdefault(day.toordinal(), datetime(day.year, day.month, day.day, tzinfo=zone).timestamp())
    return [(midnight, 1.0) for midnight in midnights.values()]


def seen(history: History, names: Sequence[str], key: str) -> list[tuple[float, float]]:
    """Everybody once, at their newest moment."""
    newest: dict[str, float] = {}
    for deed in history.of(names):
        who = key_of(deed.event, key)
        if who is not None:
            newest[who] = max(deed.moment, newest.get(who, deed.moment))
    return [(moment, 1.0) for moment in newest.values()]


def suspicion(metric: Silence, last: float, days: Sequence[int]) -> Line:
    """By the mean gap between active days, of which three are given; `last` is the newest activity."""
    spanned = days[-1] - days[0] if days else 0
    mean = (3 * metric.prior_gap + spanned) / (3 + max(len(days) - 1, 0))
    return Line(last, 0.0, 1.0 / (mean * DAY * math.log(10)))


class MovingReading:
    """rate, active_days, distinct, silence: the curve of a value that moves along a line."""

    def __init__(self, curve: Knots, line: Line, *, log: bool) -> None:
        self.curve = logged(curve) if log else curve
        self.base = line.base
        self.x = line.at
        self.meets = line.meets
        self.bound = log2 if log else float

    def points(self, at: float) -> float:
        return read(self.curve, self.x(at))

    def knots(self) -> Iterator[float]:
        for x, _ in self.curve:
            if (met := self.meets(x)) is not None:
                yield met


class RatioReading:
    """ratio: bad per good. Both halve alike, so it stands still while there is enough of both.

    Exactly the minimum is too little: it is less at once. Too few of the bad (`count`) are as good as none.
    """

    def __init__(
        self, definition: Ratio, curve: Knots, *, bad: Line, good: Line, count: Line, follows: Reading | None
    ) -> None:
        self.curve = logged(curve)
        self.base = max(bad.base, good.base)
        self.bound = log2
        self._ratio = bad.at(self.base) - good.at(self.base) if good.x > -math.inf else math.nan
        self._bad, self._good, self._follows = bad, good, follows
        self._bonus = definition.quiet_bonus
        self._count, self._least = count, log2(definition.min_events)
        self._least_bad, self._least_good = log2(definition.min_numerator), log2(definition.min_denominator)

    def _is_few(self, at: float) -> bool:
        return self._least > -math.inf and self._count.at(at) <= self._least

    def _is_quiet(self, at: float) -> bool:
        return self._is_few(at) or (self._follows is not None and self._bad.at(at) <= self._least_bad)

    def _is_known(self, at: float) -> bool:
        return self._good.x > -math.inf and self._good.at(at) > self._least_good

    def x(self, at: float) -> float | None:
        return self._ratio if self._is_known(at) and not self._is_quiet(at) else None

    def meets(self, x: float) -> float | None:
        return None

    def points(self, at: float) -> float | None:
        if self._follows is not None and self._is_quiet(at):
            followed = self._follows.points(at)
            return None if followed is None else min(max(followed + self._bonus, 0.0), 100.0)
        if self._is_quiet(at):
            return self.curve[0][1] if self._is_known(at) else None
        x = self.x(at)
        return None if x is None else read(self.curve, x)

    def knots(self) -> Iterator[float]:
        lines = ((self._bad, self._least_bad), (self._good, self._least_good), (self._count, self._least))
        for met in [line.meets(least) for line, least in lines]:
            if met is not None:
                yield met
        if self._follows is not None:
            yield from self._follows.knots()


class GaugeReading:
    """gauge: points hold for a while after the newest answer, then fade to neutral until the time to live."""

    def __init__(self, definition: Gauge, curve: Knots, *, newest: float, value: float) -> None:
        self.base = newest
        self.bound = float
        self._value = value
        self._points = read(curve, value)
        self._neutral = definition.neutral
        self._ttl = math.inf if definition.ttl is None else definition.ttl * DAY
        self._hold = min(definition.hold * DAY, self._ttl) if definition.ttl is not None else math.inf

    def x(self, at: float) -> float:
        return self._value

    def meets(self, x: float) -> float | None:
        return None

    def points(self, at: float) -> float:
        age = at - self.base
        if age <= self._hold:
            return self._points
        if age >= self._ttl:
            return self._neutral
        return self._points + (self._neutral - self._points) * (age - self._hold) / (self._ttl - self._hold)

    def knots(self) -> Iterator[float]:
        if self._ttl < math.inf:
            yield from (self.base + self._hold, self.base + self._ttl)


class NoReading:
    """Nothing is known, and time alone does not change that."""

    base = -math.inf

    def x(self, at: float) -> None:
        return None

    def bound(self, value: float) -> float:
        return value

    def meets(self, x: float) -> None:
        return None

    def points(self, at: float) -> None:
        return None

    def knots(self) -> Iterator[float]:
        yield from ()


class MissedStep(NamedTuple):
    """A step that is not done, due at a moment. `told` if a miss is a signal of its own."""

    due: float
    name: str
    weight: float
    told: bool


class MilestoneReading(NoReading):
    """milestone: the weighted mean of the steps that are done, at 100, and of those that are due and missed. No flag
    reads it.

    A missed step begins at what the mean is without it, and falls to 0 over the grace.
    """

    def __init__(self, definition: Milestone, *, done: float, missed: Sequence[MissedStep], planned: bool) -> None:
        """`done` is the weight of all steps that are done; `planned` if there is any step at all."""
        self.open = missed
        self._planned = planned
        # A grace of nothing would be a jump: a second at least.
        self._grace = max(definition.grace * DAY, 1.0)
        self._done = done
        self._begins: list[tuple[MissedStep, float]] = []
        for step in sorted(missed):
            if step.weight >= LEAST_WEIGHT:
                self._begins.append((step, self._mean(step.due)))

    def _mean(self, at: float) -> float:
        parts = [(self._done, 100.0)] if self._done else []
        for step, begin in self._begins:
            if step.due <= at:
                parts.append((step.weight, begin * (1.0 - min((at - step.due) / self._grace, 1.0))))
        weights = sum(weight for weight, _ in parts)
        return sum(weight / weights * points for weight, points in parts) if parts else 100.0

    def points(self, at: float) -> float | None:  # type: ignore[override]
        return self._mean(at) if self._planned else None

    def knots(self) -> Iterator[float]:
        for step in self.open:
            yield from (step.due, step.due + self._grace)


def log2(value: float) -> float:
    return math.log2(value) if value > 0.0 else -math.inf


def logged(curve: Knots) -> Knots:
    return tuple((log2(value), points) for value, points in curve)


def read(curve: Knots, x: float) -> float:
    """Flat outside, straight between."""
    if x <= curve[0][0]:
        return curve[0][1]
    for (a, p), (b, q) in pairwise(curve):
        if x <= b:
            return p + (q - p) * (x - a) / (b - a)
    return curve[-1][1]
