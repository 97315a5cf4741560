"""Flags as SCORING has them: while one is up the score is at most its cap, which rises to 100 by the time to live."""

import math
import operator
from collections.abc import Iterator
from typing import NamedTuple

from common.contracts.events import Event
from scoring.health.card import Card, Flag, Where
from scoring.health.metrics.silence.definition import Silence
from support.textbook_history import DAY, is_number
from support.textbook_metrics import Reading

_OPERATORS = {">=": operator.ge, ">": operator.gt, "<=": operator.le, "<": operator.lt}


class FlagRules(NamedTuple):
    """What a card says of the telling of its flags, by name.

    `holds` has how long (seconds) some have to be up before anybody sees them. `of_champions` follow the silence of the
    champions, `of_everybody` that of everybody; while one of these is up, none of those is told.
    """

    derived: frozenset[str]
    holds: dict[str, float]
    never_told: frozenset[str]
    of_champions: frozenset[str]
    of_everybody: frozenset[str]

    def waits_for_others(self, name: str, up: dict[str, bool]) -> bool:
        return name in self.of_champions and not self.of_everybody.isdisjoint(up)


NO_RULES = FlagRules(frozenset(), {}, frozenset(), frozenset(), frozenset())


def flag_rules(card: Card) -> FlagRules:
    silences = {metric.name: metric.who == "champions" for metric in card.metrics if isinstance(metric, Silence)}
    follows = {
        flag.name: silences[flag.when.metric] for flag in card.flags if flag.when and flag.when.metric in silences
    }
    return FlagRules(
        derived=frozenset(flag.name for flag in card.flags if flag.when),
        holds={flag.name: flag.hold * DAY for flag in card.flags if isinstance(flag.hold, float)},
        never_told=frozenset(flag.name for flag in card.flags if flag.tell is False),
        of_champions=frozenset(name for name, champions in follows.items() if champions),
        of_everybody=frozenset(name for name, champions in follows.items() if not champions),
    )


def raises(flag: Flag, event: Event) -> bool:
    """Whether an event of the right name is as the flag wants it."""
    if not isinstance(flag.raised_if, Where):
        return True
    value = event.properties.get(flag.raised_if.property)
    return is_number(value) and _OPERATORS[flag.raised_if.op](value, flag.raised_if.value)


class RaisedCap:
    """The cap of a flag that an event raised."""

    def __init__(self, flag: Flag, since: float) -> None:
        self.name = flag.name
        self._flag, self._since = flag, since
        self._end = math.inf if flag.ttl is None else since + flag.ttl * DAY

    def at(self, at: float, off: float) -> float | None:
        return height(self._flag, at - self._since) if self._since <= at < self._end else None

    def knots(self) -> Iterator[float]:
        yield from (self._since, self._end)


class DerivedCap:
    """The cap of a flag that is up while a metric's value says so: at most its time to live from when it began to."""

    def __init__(self, flag: Flag, reading: Reading) -> None:
        assert flag.when is not None
        self.name = flag.name
        self._flag, self._reading = flag, reading
        self._holds, self._bound = _OPERATORS[flag.when.op], reading.bound(flag.when.value)
        self._meets = reading.meets(self._bound)
        held = self._is_true(reading.base)
        self._since = reading.base if held or self._meets is None else self._meets
        # Where the bound itself does not count, it begins right after that: another flag may end at that very moment.
        if not self._is_true(self._since):
            self._since = math.nextafter(self._since, math.inf)

    def _is_true(self, at: float) -> bool:
        x = self._reading.x(at)
        return x is not None and self._holds(x, self._bound)

    def at(self, at: float, off: float) -> float | None:
        if not self._is_true(at + off):
            return None
        age = max(at + off - self._since, 0.0)
        return height(self._flag, age) if self._flag.ttl is None or age < self._flag.ttl * DAY else None

    def knots(self) -> Iterator[float]:
        yield from self._reading.knots()
        if self._meets is not None:
            yield self._meets
        if self._flag.ttl is not None:
            yield self._since + self._flag.ttl * DAY


def height(flag: Flag, age: float) -> float:
    return flag.cap if flag.ttl is None else flag.cap + (100.0 - flag.cap) * age / (flag.ttl * DAY)
