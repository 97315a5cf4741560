"""trend: how regularly the people of an account use the product, against the account's own past.

Volume cannot tell a decline from leave: in August two thirds of ten people are away, and all come back. So a trend
measures two things by the account's own days: how often people come, and how many of them have stopped coming.
"""

from math import exp, fsum, inf
from typing import Any, Final, NamedTuple, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.curve import Curve, log_or_less
from scoring.health.decay import LN2
from scoring.health.hashing import hash64
from scoring.health.metrics.metric import Metric, OtherMetrics
from scoring.health.metrics.sample import MOST_MEMBERS, renamed, sampled, thinned
from scoring.health.metrics.trend.definition import Trend
from scoring.health.moments import end_of_day, local_day, local_midnight
from scoring.health.properties import key_of

# A day with at least this share of the usual number of people is a whole one. One with fewer counts by the square of
# what it has of that, so that the few who look in on holidays make hardly a day.
_WHOLE_DAY: Final = 0.4
# To what is now, this many days of one person at the usual rate are added, so that a few visits are no trend.
_AS_USUAL: Final = 3.0
# Where people come irregularly it is this times (1 - p) / p. If each comes on a day at the chance p, the visits of n
# such days scatter by the square root of (1 - p) / (n p), as a share of their mean.
_AS_USUAL_BY_SCATTER: Final = 12.0
# `absence` is for people whose visits are at most so many days apart. Where the usual gap is longer, it is longer in
# proportion, up to so many gaps.
_REGULAR_GAP: Final = 1.75
_MOST_GAPS: Final = 8.0
# A longer gap is leave or illness, and says nothing of how often somebody comes. As a share of `absence`.
_LONGEST_GAP: Final = 0.4
# A rise is followed only beyond this factor, so that a value that swings crosses a line once.
_PLAY: Final = 1.1
# Days are sums of fractions. This close to a limit counts as at it.
_ERROR: Final = 1e-9
# A rate or share below this is none.
_LEAST_USUAL: Final = 1e-9
_CAME: Final = 1
_DID: Final = 2
_NO_DAY: Final = -(1 << 40)
_NO_VALUE: Final = -1.0


class Past(NamedTuple):
    """What the days before the open one have left. Sums decay by days of the account's activity.

    `days` are all of these so far. Visits over `spans` (the days that they are apart) are how often people come; with
    `per` these are the people who did and who came. `people` over `weight` is the usual number of people of a day,
    `staying` over `weight` the usual share of people who have not stopped coming. `value` is the trend, below 0 if
    there is none.
    """

    days: float = 0.0
    fast_visits: float = 0.0
    fast_spans: float = 0.0
    slow_visits: float = 0.0
    slow_spans: float = 0.0
    people: float = 0.0
    staying: float = 0.0
    weight: float = 0.0
    value: float = _NO_VALUE


@final
class TrendMetric(Metric):
    """`open_day` is a local day since the epoch, `opened` its midnight (UTC); `today` has who came on it, as bits.

    The next day closes it, so it does not matter in which order its events came. An event of an earlier day is too
    late. `regulars` came on two days at least and `newcomers` on one, with the `days` at which each came last. Who of
    the regulars has stopped coming is known for `slow` days more.
    """

    __slots__ = (
        "absence", "curves", "day_begin", "day_end", "events", "fast", "halvings", "key", "min_people", "newcomers",
        "open_day", "opened", "past", "per", "regulars", "saved", "slow", "today",
    )  # fmt: skip

    def __init__(self, definition: Trend, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition.name, index)
        self.curves = curves
        self.events = definition.events
        self.per = definition.per
        self.key = definition.key
        self.fast = float(definition.fast)
        self.slow = float(definition.slow)
        self.absence = float(definition.absence)
        self.min_people = float(definition.min_people)
        self.open_day = _NO_DAY
        self.opened = -inf
        # Of the last event's day, so that its other events ask no calendar.
        self.day_begin = inf
        self.day_end = -inf
        self.halvings = 0
        self.today: dict[int, int] = {}
        self.regulars: dict[int, float] = {}
        self.newcomers: dict[int, float] = {}
        self.past = Past()
        self.saved = (self.open_day, self.opened, self.halvings, self.today, self.regulars, self.newcomers, self.past)

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        key = key_of(event, self.key)
        if key is None:
            return False
        person = hash64(key)
        if not sampled(person, self.halvings):
            return False
        day = self.open_day
        if not self.day_begin <= moment < self.day_end:
            day = local_day(moment, context.zone)
            if day < self.open_day:
                return False
            self.day_begin, self.day_end = local_midnight(day, context.zone), end_of_day(day, context.zone)
        bits = _DID | _CAME if event.name in self.events else _CAME
        known = self.today.get(person, 0) if day == self.open_day else 0
        if known | bits == known:
            return False
        self.saved = (self.open_day, self.opened, self.halvings, self.today, self.regulars, self.newcomers, self.past)
        if day > self.open_day:
            if self.today:
                self._close()
            self.open_day = day
            self.opened = self.day_begin
            self.today = {}
        # Copied, for `saved` has the one before.
        self.today = {**self.today, person: known | bits}
        if len(self.today) > MOST_MEMBERS or len(self.regulars) + len(self.newcomers) > MOST_MEMBERS:
            self._thin()
        return True

    def _close(self) -> None:
        """Adds the open day to the past."""
        past, came = self.past, float(len(self.today))
        usual = past.people / past.weight if past.weight > 0.0 else came
        share = min(1.0, came / (_WHOLE_DAY * usual))
        weight = share * share
        days = past.days + weight
        visits, spans = self._note_visits(days)
        staying, known = self._count_staying(days)
        fast, slow = exp(-LN2 * weight / self.fast), exp(-LN2 * weight / self.slow)
        self.past = Past(
            days,
            past.fast_visits * fast + visits,
            past.fast_spans * fast + spans,
            past.slow_visits * slow + visits,
            past.slow_spans * slow + spans,
            past.people * slow + came * weight,
            past.staying * slow + staying * weight,
            past.weight * slow + weight,
        )
        value = self._compare(staying) if known >= self.min_people and days >= self.slow / 2.0 else _NO_VALUE
        # A fall is followed at once, a rise only beyond _PLAY.
        if value >= 0.0 and past.value >= 0.0:
            value = min(max(past.value, value / _PLAY), value)
        self.past = self.past._replace(value=value)

    def _note_visits(self, days: float) -> tuple[float, float]:
        """The visits of the open day, and the days between them and the visits before; notes who came."""
        visits = 0.0
        spans: list[float] = []
        regulars, newcomers = dict(self.regulars), dict(self.newcomers)
        for person in self.today:
            last = regulars.get(person, -inf)
            if last == -inf:
                last = newcomers.pop(person, -inf)
            if self.per:
                spans.append(1.0)
                visits += 1.0 if self.today[person] & _DID else 0.0
            elif days - last <= self.absence * _LONGEST_GAP + _ERROR:
                spans.append(days - last)
                visits += 1.0
            if last == -inf:
                newcomers[person] = days
            else:
                regulars[person] = days
        self.regulars, self.newcomers = regulars, newcomers
        # Summed exactly (fsum), so that the sum does not depend on who came first.
        return visits, fsum(spans)

    def _count_staying(self, days: float) -> tuple[float, float]:
        """The share of the regulars who still come, and how many are known; forgets those who stopped long ago."""
        present = days - self._longest_absence() - _ERROR
        self.newcomers = {person: last for person, last in self.newcomers.items() if last >= present}
        self.regulars = {person: last for person, last in self.regulars.items() if last >= present - self.slow}
        known = float(len(self.regulars))
        staying = float(len([last for last in self.regulars.values() if last >= present]))
        return (staying / known if known > 0.0 else 1.0), known * float(1 << self.halvings)

    def _longest_absence(self) -> float:
        """In days with activity, by how often people usually come; who is away for longer has stopped coming."""
        past = self.past
        if self.per or past.slow_visits <= 0.0:
            return self.absence
        gap = past.slow_spans / past.slow_visits
        return min(self.absence * max(1.0, gap / _REGULAR_GAP), max(self.absence, _MOST_GAPS * gap))

    def _compare(self, staying: float) -> float:
        """The trend: how often people come now over how often they usually do, times the share who still come.

        Days at the usual rate are added to what is now, so that chance is no trend. For shares (`per`) the least number
        does: a line for shares lies lower, and core use that stops where few did it has to reach it.
        """
        past = self.past
        if past.slow_visits <= 0.0 or past.slow_spans <= 0.0:
            return _NO_VALUE
        usual = past.slow_visits / past.slow_spans
        if usual < _LEAST_USUAL:
            return _NO_VALUE
        added = _AS_USUAL if self.per else max(_AS_USUAL, _AS_USUAL_BY_SCATTER * (1.0 - usual) / usual)
        now = (past.fast_visits + added * usual) / (past.fast_spans + added)
        return now / usual if self.per else now / usual * staying / (past.staying / past.weight)

    def _thin(self) -> None:
        before = self.halvings
        self.today, self.halvings = thinned(self.today, self.halvings)
        known, self.halvings = thinned({**self.newcomers, **self.regulars}, self.halvings)
        self.today = {person: bits for person, bits in self.today.items() if sampled(person, self.halvings)}
        self.regulars = {person: last for person, last in self.regulars.items() if person in known}
        self.newcomers = {person: last for person, last in self.newcomers.items() if person in known}
        # The sums were counted with the larger sample, so they are scaled down to this one.
        share, past = 1.0 / float(1 << self.halvings - before), self.past
        self.past = past._replace(
            fast_visits=past.fast_visits * share,
            fast_spans=past.fast_spans * share,
            slow_visits=past.slow_visits * share,
            slow_spans=past.slow_spans * share,
            people=past.people * share,
        )

    def undo(self) -> None:
        self.open_day, self.opened, self.halvings, self.today, self.regulars, self.newcomers, self.past = self.saved
        self.day_begin, self.day_end = inf, -inf

    def rebase(self, context: Context) -> None:
        # Another zone has other midnights.
        self.day_begin, self.day_end = inf, -inf

    def project(self, context: Context) -> None:
        value = self.past.value
        self.has_value = value >= 0.0
        self.pieces = []
        if self.has_value:
            self.base = max(context.clock.operational(self.opened), context.born_tau)
            self.x = log_or_less(value)
            self.pieces.append((self.base, self.curves[context.stage].points_at(self.x), 0.0))

    def value_at(self, tau: float, context: Context) -> float | None:
        return self.past.value if self.has_value else None

    def rename_person(self, person: int, substitute: int) -> bool:
        if self.key != "user_id" or not (person in self.today or person in self.regulars or person in self.newcomers):
            return False
        self.today = renamed(self.today, person, substitute)
        self.regulars = renamed(self.regulars, person, substitute)
        self.newcomers = renamed(self.newcomers, person, substitute)
        return True

    def dump(self) -> object:
        if self.open_day == _NO_DAY:
            return None
        return self.open_day, self.opened, self.halvings, self.today, self.regulars, self.newcomers, tuple(self.past)

    def restore(self, state: Any) -> None:
        self.open_day, self.opened, self.halvings, self.today, self.regulars, self.newcomers, past = state
        self.past = Past(*past)
