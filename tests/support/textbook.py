"""What SCORING's table says, worked out from the whole history of an account every time anew: slow and plain.

It shares nothing with the core but the card. Moments are seconds, `at` is when somebody looks.
"""

import math
from collections.abc import Sequence
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from scoring.core.card import STAGES, Card, Curve, Distinct, Gauge, Milestone, Rate, Ratio, Silence
from support.worlds import Moment

_PEAK = "arr/arr_peak_12m"
_WRITES = {
    "account.updated": ("seats", "stage", "contract_start"),
    "contract.changed": ("seats", "contract_start"),
}
_DAY = 86_400.0


class Textbook:
    def __init__(self, card: Card, story: Sequence[Moment]) -> None:
        self.card = card
        self.metrics = {metric.name: metric for metric in card.metrics}
        self.deeds = [(min(m.event.time.timestamp(), m.at), m.event) for m in story]
        self.born = min(moment for moment, _ in self.deeds)
        self.facts = self._facts()
        stage = self.facts.get("stage")
        self.stage = stage if stage in STAGES else card.default_stage

    def _facts(self) -> dict[str, Any]:
        facts: dict[str, Any] = {}
        for _, event in sorted(self.deeds, key=order):
            for field in _WRITES.get(event.name, ()):
                value = event.properties.get(field, "absent")
                right = is_number(value) if field == "seats" else isinstance(value, str) and value != "absent"
                if value is None or right:
                    facts[field] = value
        return facts

    def points(self, name: str, at: float) -> float | None:
        metric = self.metrics[name]
        match metric:
            case Milestone():
                return self._milestone(metric, at)
            case Gauge():
                return self._gauge(metric, at)
            case Ratio():
                return self._ratio(metric, at)
            case Silence():
                return read(self._curve(metric), self._phi(metric, at), log=False)
            case Rate():
                return read(self._curve(metric), self._rate(metric, at), log=True)
            case Distinct():
                of = self.facts.get("seats") if metric.of == "seats" else metric.of or 1.0
                return read(self._curve(metric), self._people(metric, at) / of, log=True) if of else None

    def _curve(self, metric: Any) -> Curve:
        curve: Curve = metric.curves.get(self.stage) or metric.curves["default"]
        return curve

    def _of(self, names: Sequence[str]) -> list[tuple[float, Any]]:
        return [(moment, event) for moment, event in self.deeds if event.name in names]

    def _decayed(self, names: Sequence[str], *, weight: str | None, half_life: float, at: float) -> float:
        return sum(weigh(event, weight) * halved(at - moment, half_life) for moment, event in self._of(names))

    def _rate(self, metric: Rate, at: float) -> float:
        per_week = math.log(2) / metric.half_life * 7
        counted = self._decayed(metric.events, weight=metric.weight, half_life=metric.half_life, at=at)
        counted += metric.prior_per_week / per_week * halved(at - self.born, metric.half_life)
        return counted * per_week if metric.per_week else counted

    def _people(self, metric: Distinct, at: float) -> float:
        seen: dict[str, float] = {}
        for moment, event in self._of(metric.events):
            key = event.user_id if metric.key == "user_id" else event.properties.get(metric.key)
            if isinstance(key, str | int):
                seen[str(key)] = max(moment, seen.get(str(key), moment))
        return sum(halved(at - moment, metric.half_life) for moment in seen.values())

    def _ratio(self, metric: Ratio, at: float) -> float | None:
        bad = self._decayed(metric.events, weight=metric.weight, half_life=metric.half_life, at=at)
        if metric.quiet_follows and bad < metric.min_numerator:
            followed = self.points(metric.quiet_follows, at)
            return None if followed is None else min(max(followed + metric.quiet_bonus, 0.0), 100.0)
        other = self.metrics.get(metric.denominator_metric or "")
        if isinstance(other, Distinct):
            good = self._people(other, at)
        elif isinstance(other, Rate):
            good = self._decayed(other.events, weight=other.weight, half_life=other.half_life, at=at)
        else:
            good = self._decayed(metric.denominator_events, weight=None, half_life=metric.half_life, at=at)
        return None if good < metric.min_denominator else read(self._curve(metric), bad / good, log=True)

    def _phi(self, metric: Silence, at: float) -> float:
        last, days, zone, zoned = self.born, list[int](), "UTC", (-math.inf, b"")
        for deed in self.deeds:
            moment, event = deed
            if event.name == "account.updated" and "time_zone" in event.properties and order(deed) > zoned:
                zone, zoned = event.properties["time_zone"] or "UTC", order(deed)
            if event.name in metric.events and (not days or moment > last):
                day = datetime.fromtimestamp(moment, UTC if "/" not in zone else known(zone)).toordinal()
                if not days or day > days[-1]:
                    days.append(day)
                last = moment
        spanned = days[-1] - days[0] if days else 0
        mean = (3 * metric.prior_gap + spanned) / (3 + max(len(days) - 1, 0))
        return (at - last) / (mean * _DAY * math.log(10))

    def _gauge(self, metric: Gauge, at: float) -> float | None:
        answers = []
        for moment, event in sorted(self._of(metric.events), key=order):
            value = event.properties.get("arr" if metric.value == _PEAK else metric.value)
            key = event.user_id if metric.key and metric.value != _PEAK else "everybody"
            if is_number(value) and key is not None:
                answers.append((moment, key, float(value)))
        if not answers:
            return None
        newest = answers[-1][0]
        value = self._reading(metric, answers)
        if value is None:
            return None
        return faded(read(self._curve(metric), value, log=False), metric, (at - newest) / _DAY)

    def _reading(self, metric: Gauge, answers: list[tuple[float, str, float]]) -> float | None:
        newest, _, last = answers[-1]
        if metric.value == _PEAK:
            peak = max(value for moment, _, value in answers if newest - moment <= 365 * _DAY)
            return last / peak if peak > 0 else None
        if metric.read == "last":
            return last
        each = {who: (moment, value) for moment, who, value in answers}
        ttl = math.inf if metric.ttl is None else metric.ttl * _DAY
        values = [value for moment, value in each.values() if newest - moment < ttl]
        if metric.read == "mean":
            return sum(values) / len(values)
        return 100 * (sum(v >= 9 for v in values) - sum(v <= 6 for v in values)) / len(values)

    def _milestone(self, metric: Milestone, at: float) -> float | None:
        start = self.facts.get("contract_start")
        begin = self.born if start is None else datetime.fromisoformat(start[:10]).replace(tzinfo=UTC).timestamp()
        due = {step: begin + days * _DAY for step, days in metric.steps.items()}
        others = {
            step
            for other in self.card.metrics
            if isinstance(other, Milestone) and other.name != metric.name
            for step in other.steps
        }
        done = set()
        for _, event in sorted(self.deeds, key=order):
            step = event.properties.get("step")
            if isinstance(step, str) and (step in metric.steps or (metric.planned and step not in others)):
                if event.name == "milestone.planned":
                    due[step] = event.properties["due"]
                if event.name == "milestone.reached":
                    done.add(step)
        grace = max(metric.grace * _DAY, 1.0)
        each = [100.0 if s in done else 100 - 100 * min(max(at - d, 0.0) / grace, 1.0) for s, d in due.items()]
        return sum(each) / len(each) if each else None


def order(deed: tuple[float, Any]) -> tuple[float, bytes]:
    return deed[0], blake2b(deed[1].event_id.encode(), digest_size=8).digest()


def known(zone: str) -> tzinfo:
    try:
        return ZoneInfo(zone)
    except ZoneInfoNotFoundError:
        return UTC


def is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= 1e18


def weigh(event: Any, name: str | None) -> float:
    value = event.properties.get(name) if name else None
    return max(float(value), 0.0) if value is not None and is_number(value) else 1.0


def halved(age: float, half_life: float) -> float:
    """`age` is seconds, `half_life` days."""
    return math.exp(-math.log(2) * age / (half_life * _DAY))


def read(curve: Curve, value: float, *, log: bool) -> float:
    if value <= curve[0][0]:
        return curve[0][1]
    for (a, p), (b, q) in pairwise(curve):
        if value <= b:
            share = math.log(value / a) / math.log(b / a) if log else (value - a) / (b - a)
            return p + (q - p) * share
    return curve[-1][1]


def faded(points: float, metric: Gauge, age: float) -> float:
    if metric.ttl is None or age <= min(metric.hold, metric.ttl):
        return points
    if age >= metric.ttl:
        return metric.neutral
    share = (age - metric.hold) / (metric.ttl - metric.hold)
    return points + (metric.neutral - points) * share
