"""Health as SCORING says it, worked out anew from the whole history of an account: slow and plain.

It shares nothing with the core but the card. Moments are seconds since the epoch, durations in the card are days.
"""

import math
from collections.abc import Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from scoring.health.card import Card, Flag
from scoring.health.context import Stage
from scoring.health.metrics.active_days.definition import ActiveDays
from scoring.health.metrics.definition import Knots, MetricDefinition
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.milestone.definition import Milestone, MilestoneStep
from scoring.health.metrics.rate.definition import Rate
from scoring.health.metrics.ratio.definition import Ratio
from scoring.health.metrics.silence.definition import Silence
from scoring.health.metrics.trend.definition import Trend
from support.random_cases import Moment
from support.textbook_champions import champions_suspicion
from support.textbook_flags import DerivedCap, RaisedCap, raises
from support.textbook_history import ARR_NAMES, DAY, History, is_number, key_of, order, weigh
from support.textbook_metrics import (
    LEAST_WEIGHT,
    GaugeReading,
    Line,
    MilestoneReading,
    MissedStep,
    MovingReading,
    NoReading,
    RatioReading,
    Reading,
    active,
    counted,
    fading,
    log2,
    seen,
    suspicion,
)
from support.textbook_trend import trend
from support.textbook_weights import MetricWeights, applies, weights

_PEAK = "arr/arr_peak_12m"
_YEAR = 365 * DAY


class TextbookHealth(NamedTuple):
    """Health at a moment: the lowest of the weighted mean and all caps of the flags that are up."""

    score: float
    coverage: float
    sufficient: bool
    caps: dict[str, float]


class Textbook:
    """How the account reads from its last record on, at one stage; `of` has the textbook of another moment."""

    def __init__(self, card: Card, moments: Sequence[Moment], *, new: bool = True) -> None:
        """`new` if the first days of an account of which nothing is known are still to come, or to pass."""
        self.card = card
        self.history = History(card, moments)
        self.ends = self.history.new_until if new and moments[-1].at < self.history.new_until else math.inf
        self._later = Textbook(card, moments, new=False) if self.ends < math.inf else self
        self.stage: Stage = "onboarding" if self.ends < math.inf else self.history.stage
        self.bands = card.bands.get(self.stage) or card.bands["default"]
        self.readings: dict[str, Reading] = {}
        for metric in card.metrics:
            self._read(metric)
        self.metrics = [self.readings[metric.name] for metric in card.metrics]
        self._readings = [(reading, isinstance(reading, MilestoneReading)) for reading in self.metrics]
        self.caps = [cap for flag in card.flags if (cap := self._cap(flag)) is not None]
        self._weights: dict[tuple[bool, ...], MetricWeights] = {}

    def of(self, at: float) -> "Textbook":
        return self if at < self.ends else self._later

    def points(self, name: str, at: float) -> float | None:
        return self.readings[name].points(at)

    def health(self, at: float, off: float = 0.0) -> TextbookHealth:
        """With the clock of all that fades `off` by so many seconds; what has a date keeps to it."""
        points = self._points(at, off)
        weights = self._weigh(points)
        score = 0.0 if weights.counting else self.card.reference
        for index, weight in weights.counting:
            score += weight * (points[index] or 0.0)
        caps = {}
        for cap in self.caps:
            if (height := cap.at(at, off)) is not None:
                caps[cap.name] = height
                score = min(score, height)
        return TextbookHealth(score, weights.coverage, weights.sufficient, caps)

    def weights(self, at: float, off: float = 0.0) -> MetricWeights:
        return self._weigh(self._points(at, off))

    def _points(self, at: float, off: float) -> list[float | None]:
        return [reading.points(at if dated else at + off) for reading, dated in self._readings]

    def _weigh(self, points: Sequence[float | None]) -> MetricWeights:
        available = tuple(each is not None for each in points)
        if available not in self._weights:
            self._weights[available] = weights(self.card, self.stage, available)
        return self._weights[available]

    def steps(self, *, told: bool) -> dict[str, float]:
        """What is still to be done at this stage, by when: the earlier date if two metrics have a step.

        With `told` only the steps of which a miss is told.
        """
        due: dict[str, float] = {}
        for metric, reading in zip(self.card.metrics, self.metrics, strict=True):
            if isinstance(reading, MilestoneReading) and applies(metric, self.stage):
                for step in reading.open:
                    if step.told or not told:
                        due[step.name] = min(step.due, due.get(step.name, step.due))
        return due

    def knots(self) -> Iterator[float]:
        if self._later is not self:
            yield self.ends
            yield from self._later.knots()
        for part in (*self.metrics, *self.caps):
            yield from part.knots()

    def _cap(self, flag: Flag) -> RaisedCap | DerivedCap | None:
        if flag.when is not None:
            return DerivedCap(flag, self.readings[flag.when.metric])
        raised: dict[str | None, float] = {}
        for logged in sorted(self.history.of((*flag.events, *flag.clear_on)), key=order):
            about = key_of(logged.event, flag.key) if isinstance(flag.key, str) else None
            if logged.event.name not in flag.clear_on:
                # What is not as the flag wants it takes back what was said of the same.
                raised.pop(about, None)
                if raises(flag, logged.event):
                    raised[about] = logged.moment
            elif about is None:
                raised.clear()
            else:
                raised.pop(about, None)
        return RaisedCap(flag, max(raised.values())) if raised else None

    def _read(self, metric: MetricDefinition) -> Reading:
        """Kept by name, so that others can read it too."""
        if metric.name not in self.readings:
            self.readings[metric.name] = self._reading(metric)
        return self.readings[metric.name]

    def _reading(self, metric: MetricDefinition) -> Reading:
        match metric:
            case Rate() | ActiveDays():
                return self._count(metric)
            case Distinct():
                return self._distinct(metric)
            case Silence():
                of_champions = metric.who == "champions"
                if metric.optional is True and not of_champions and not self.history.of(metric.events):
                    return NoReading()
                line = champions_suspicion(self.history, metric) if of_champions else self._suspicion(metric)
                return NoReading() if line is None else MovingReading(self._curve(metric), line, log=False)
            case Ratio():
                return self._ratio(metric)
            case Gauge():
                return self._gauge(metric)
            case Milestone():
                return self._milestone(metric)
            case Trend():
                return trend(metric, self.history, self._curve(metric))
            case _:
                raise AssertionError(f"the textbook has no {metric.kind}")

    def _curve(self, metric: Rate | ActiveDays | Distinct | Silence | Ratio | Gauge | Trend) -> Knots:
        return metric.curves.get(self.stage) or metric.curves["default"]

    def _count(self, metric: Rate | ActiveDays) -> Reading:
        born = self.history.born
        per_week = math.log(2) / metric.half_life * 7
        if isinstance(metric, Rate):
            terms = counted(self.history, metric.events, metric.weight)
        else:
            terms = active(self.history, metric.events)
        if (begins := self._begins(metric, terms)) is None:
            return NoReading()
        line = fading([*terms, (begins, metric.prior_per_week / per_week)], born=born, half_life=metric.half_life)
        if metric.per_week:
            line = line._replace(x=line.x + log2(per_week))
        return MovingReading(self._curve(metric), line, log=True)

    def _distinct(self, metric: Distinct) -> Reading:
        of = self.history.seats if metric.of == "seats" else metric.of or 1.0
        if of is None or of <= 0.0:
            return NoReading()
        born = self.history.born
        terms = [(moment, weight / of) for moment, weight in seen(self.history, metric.events, metric.key)]
        sights = [
            (one.moment, 1.0) for one in self.history.of(metric.events) if key_of(one.event, metric.key) is not None
        ]
        if (begins := self._begins(metric, sights)) is None:
            return NoReading()
        line = fading([*terms, (begins, metric.prior)], born=born, half_life=metric.half_life)
        return MovingReading(self._curve(metric), line, log=True)

    def _begins(self, metric: Rate | ActiveDays | Distinct, terms: Sequence[tuple[float, float]]) -> float | None:
        """From when on it is judged: the account's beginning. What is optional waits for the earliest that counts."""
        if metric.optional is not True:
            return self.history.born
        first = min((moment for moment, weight in terms if weight > 0.0), default=None)
        return None if first is None else max(first, self.history.born)

    def _sum(self, metric: Rate | Distinct) -> Line:
        """What was really counted: without a prior, divided by nothing."""
        if isinstance(metric, Distinct):
            terms = seen(self.history, metric.events, metric.key)
        else:
            terms = counted(self.history, metric.events, metric.weight)
        return fading(terms, born=self.history.born, half_life=metric.half_life)

    def _ratio(self, metric: Ratio) -> Reading:
        by_name = {each.name: each for each in self.card.metrics}
        born, half_life = self.history.born, metric.half_life
        bad = fading(counted(self.history, metric.events, metric.weight), born=born, half_life=half_life)
        good = fading(counted(self.history, metric.denominator_events, None), born=born, half_life=half_life)
        if metric.denominator_metric is not None:
            other = by_name[metric.denominator_metric]
            assert isinstance(other, Rate | Distinct)
            good = self._sum(other)
        follows = self._read(by_name[metric.quiet_follows]) if metric.quiet_follows else None
        events = [
            (logged.moment, 1.0) for logged in self.history.of(metric.events) if weigh(logged.event, metric.weight)
        ]
        count = fading(events, born=born, half_life=half_life)
        return RatioReading(metric, self._curve(metric), bad=bad, good=good, count=count, follows=follows)

    def _suspicion(self, metric: Silence) -> Line:
        """An active day that comes late is not counted."""
        last, days = -math.inf, list[int]()
        for logged in self.history.of(metric.events):
            # What happened before the account began is of its first day.
            moment = max(logged.moment, self.history.born_at(logged.place))
            if moment > last:
                last = moment
                day = datetime.fromtimestamp(last, self.history.zone_at(logged.place)).toordinal()
                if not days or day > days[-1]:
                    days.append(day)
        return suspicion(metric, max(last, self.history.born), days)

    def _gauge(self, metric: Gauge) -> Reading:
        answers = []
        names = (*metric.events, *ARR_NAMES) if metric.value == _PEAK else metric.events
        for logged in sorted(self.history.of(names), key=order):
            value = logged.event.properties.get("arr" if metric.value == _PEAK else metric.value)
            key = key_of(logged.event, metric.key) if metric.key and metric.value != _PEAK else "everybody"
            if is_number(value) and key is not None:
                answers.append((logged.moment, key, float(value)))
        value = answered(metric, answers) if answers else None
        if value is None:
            return NoReading()
        return GaugeReading(metric, self._curve(metric), newest=answers[-1][0], value=value)

    def _due(self, named: float | str) -> float:
        """A date without a time is over when the next day begins where the account is."""
        if not isinstance(named, str):
            return named
        day = date.fromisoformat(named) + timedelta(days=1)
        return datetime(day.year, day.month, day.day, tzinfo=self.history.zone_at(len(self.history.log))).timestamp()

    def _milestone(self, metric: Milestone) -> Reading:
        milestones = [each for each in self.card.metrics if isinstance(each, Milestone)]
        others = {step for other in milestones if other is not metric for step in other.steps}
        steps = {
            name: MissedStep(self.history.start + step.due * DAY, name, step.weight, step.told)
            for name, step in metric.steps.items()
        }
        done = set()
        for logged in sorted(self.history.log, key=order):
            properties = logged.event.properties
            name = properties.get("step")
            if isinstance(name, str) and (name in metric.steps or (metric.planned and name not in others)):
                if logged.event.name == "milestone.planned":
                    of_card = metric.steps.get(name, MilestoneStep(0.0, told=metric.told))
                    given = properties.get(metric.weight) if metric.weight else None
                    weight = max(float(given), 0.0) if is_number(given) else of_card.weight
                    steps[name] = MissedStep(self._due(properties["due"]), name, weight, of_card.told)
                if logged.event.name == "milestone.reached":
                    done.add(name)
        return MilestoneReading(
            metric,
            done=sum(step.weight for name, step in steps.items() if name in done and step.weight >= LEAST_WEIGHT),
            missed=[step for name, step in steps.items() if name not in done],
            planned=bool(steps),
        )


def answered(metric: Gauge, answers: list[tuple[float, str, float]]) -> float | None:
    """`answers` are (moment, who, value) in order of time."""
    newest, _, last = answers[-1]
    if metric.value == _PEAK:
        peak = max(value for moment, _, value in answers if newest - moment <= _YEAR)
        return last / peak if peak > 0 else None
    if metric.read == "last":
        return last
    each = {who: (moment, value) for moment, who, value in answers}
    ttl = math.inf if metric.ttl is None else metric.ttl * DAY
    values = [value for moment, value in each.values() if newest - moment < ttl]
    if metric.read == "mean":
        return sum(values) / len(values)
    return 100 * (sum(v >= 9 for v in values) - sum(v <= 6 for v in values)) / len(values)
