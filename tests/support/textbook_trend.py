"""trend as docs/scorecard.md has it: an account's days one after the other, each against all of those before it."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from scoring.health.metrics.definition import Knots
from scoring.health.metrics.trend.definition import Trend
from support.textbook_history import History, key_of
from support.textbook_metrics import NoReading, Reading, log2, logged, read

# As the page says them.
_WHOLE, _AS_USUAL, _BY_SCATTER, _PLAY, _GAP, _REGULAR, _GAPS = 0.4, 3.0, 12.0, 1.1, 0.4, 1.75, 8.0
# Right at a limit counts as at it.
_HAIR = 1e-9


class PeopleOfADay(NamedTuple):
    """Who came on a day, and who of them did what counts. `midnight` is where the account was when the day began."""

    day: int
    midnight: float
    came: set[str]
    did: set[str]


class TrendReading(NoReading):
    """The same value until somebody comes on another day."""

    def __init__(self, curve: Knots, *, base: float, value: float) -> None:
        self.curve = logged(curve)
        self.base = base
        self._x = log2(value)

    def x(self, at: float) -> float | None:  # type: ignore[override]
        return self._x

    def bound(self, value: float) -> float:
        return log2(value)

    def points(self, at: float) -> float | None:  # type: ignore[override]
        return read(self.curve, self._x)


def trend(definition: Trend, history: History, curve: Knots) -> Reading:
    days = days_of(definition, history)
    value: float | None = None
    for now in range(1, len(days)):
        found = compared(definition, days[:now])
        # Falls count at once, rises beyond a tenth.
        value = found if found is None or value is None else min(found, max(value, found / _PLAY))
    if value is None:
        return NoReading()
    return TrendReading(curve, base=max(days[-1].midnight, history.born), value=value)


def days_of(definition: Trend, history: History) -> list[PeopleOfADay]:
    """In the order of the log: whatever is of an earlier day than the newest came too late."""
    days: list[PeopleOfADay] = []
    for deed in history.of((*definition.events, *definition.per)):
        zone = history.zone_at(deed.place)
        date = datetime.fromtimestamp(deed.moment, zone).date()
        who = key_of(deed.event, definition.key)
        if who is None or (days and date.toordinal() < days[-1].day):
            continue
        if not days or date.toordinal() > days[-1].day:
            midnight = datetime(date.year, date.month, date.day, tzinfo=zone).timestamp()
            days.append(PeopleOfADay(date.toordinal(), midnight, set(), set()))
        days[-1].came.add(who)
        if deed.event.name in definition.events:
            days[-1].did.add(who)
    return days


def compared(definition: Trend, days: Sequence[PeopleOfADay]) -> float | None:
    """The trend as it is when the last of these days is over."""
    clock: list[float] = []
    for index, day in enumerate(days):
        usual = mean([len(each.came) for each in days[:index]], weights(clock), clock, definition.slow)
        share = min(1.0, len(day.came) / (_WHOLE * usual)) if usual else 1.0
        clock.append((clock[-1] if clock else 0.0) + share**2)
    visits, spans = [0.0] * len(days), [0.0] * len(days)
    staying, known = [1.0] * len(days), 0
    last: dict[str, float] = {}
    regulars: set[str] = set()
    for index, day in enumerate(days):
        now = clock[index]
        gap = usual_gap(definition, visits[:index], spans[:index], clock[:index])
        absence = min(definition.absence * max(1.0, gap / _REGULAR), max(definition.absence, _GAPS * gap))
        for who in day.came:
            if definition.per:
                visits[index] += who in day.did
                spans[index] += 1
            elif who in last and now - last[who] <= definition.absence * _GAP + _HAIR:
                visits[index] += 1
                spans[index] += now - last[who]
            if who in last:
                regulars.add(who)
            last[who] = now
        for who, seen in list(last.items()):
            away = now - seen - _HAIR
            if away > absence + (definition.slow if who in regulars else 0.0):
                del last[who]
                regulars.discard(who)
        known = len(regulars)
        stay = len([who for who in regulars if now - last[who] <= absence + _HAIR])
        staying[index] = stay / known if known else 1.0
    if known < definition.min_people or clock[-1] < definition.slow / 2:
        return None
    usual_visits, usual_spans = (faded(each, clock, definition.slow) for each in (visits, spans))
    if usual_visits <= 0.0 or usual_spans <= 0.0:
        return None
    usual = usual_visits / usual_spans
    fast_visits, fast_spans = (faded(each, clock, definition.fast) for each in (visits, spans))
    added = _AS_USUAL if definition.per else max(_AS_USUAL, _BY_SCATTER * (1.0 - usual) / usual)
    often = (fast_visits + added * usual) / (fast_spans + added) / usual
    if definition.per:
        return often
    return often * staying[-1] / (mean(staying, weights(clock), clock, definition.slow) or math.nan)


def usual_gap(definition: Trend, visits: Sequence[float], spans: Sequence[float], clock: Sequence[float]) -> float:
    """Days between the visits of one person, by the days before; 1 while there are none, and with `per`."""
    if definition.per or not any(visits):
        return 1.0
    return faded(spans, clock, definition.slow) / faded(visits, clock, definition.slow)


def weights(clock: Sequence[float]) -> list[float]:
    return [moment - before for before, moment in zip((0.0, *clock), clock, strict=False)]


def faded(values: Sequence[float], clock: Sequence[float], half_life: float) -> float:
    """As of the last of the moments."""
    return math.fsum(value * 2.0 ** ((at - clock[-1]) / half_life) for value, at in zip(values, clock, strict=True))


def mean(values: Sequence[float], weighing: Sequence[float], clock: Sequence[float], half_life: float) -> float | None:
    """None of nothing."""
    if not values:
        return None
    weighed = [value * weight for value, weight in zip(values, weighing, strict=True)]
    return faded(weighed, clock, half_life) / faded(weighing, clock, half_life)
