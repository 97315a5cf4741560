"""What the events of a run were good for: their names, and the values that no metric could use. Pure."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Final, NamedTuple

from msgspec import Struct

from common.contracts.events import Event
from common.erasures.substitutes import is_substitute
from scoring.health import Card
from scoring.health.metrics.definition import EventValue
from scoring.health.moments import parse_moment
from scoring.health.properties import number

_SHOWN_CHARS: Final = 100


class UnusableReason(StrEnum):
    """Why a metric could not use a value; the API's answer and the metric's label have the same words."""

    MISSING = "missing"
    NOT_A_NUMBER = "not_a_number"
    NOT_A_KEY = "not_a_key"
    NOT_A_TEXT = "not_a_text"
    NOT_A_MOMENT = "not_a_moment"


class UnusableKey(NamedTuple):
    """What an unusable value is counted by."""

    metric: str
    event: str
    property: str
    reason: UnusableReason


class UseSample(Struct, frozen=True):
    """One event of many; `value` is what it said, cut short."""

    account_id: str
    event_id: str
    value: str = ""


class UseCount(Struct):
    """How many, and the last one. `last_seen` is seconds since the epoch."""

    count: int
    last_seen: float
    sample: UseSample

    def add(self, other: "UseCount") -> None:
        self.count += other.count
        self.last_seen = max(self.last_seen, other.last_seen)
        self.sample = other.sample


class ReadValues(NamedTuple):
    """What the metrics of a card read of one event: by metric, those that need `user_id`, and those of properties."""

    of_users: tuple[str, ...] = ()
    of_properties: tuple[tuple[str, EventValue], ...] = ()


ValuesByEvent = Mapping[str, ReadValues]

_IS_USABLE: Final[dict[str, Callable[[object], bool]]] = {
    "number": lambda value: number(value) is not None,
    "key": lambda value: isinstance(value, str | int | float),
    "text": lambda value: isinstance(value, str),
    "moment": lambda value: parse_moment(value) is not None,
}
_REASONS: Final = {
    "number": UnusableReason.NOT_A_NUMBER,
    "key": UnusableReason.NOT_A_KEY,
    "text": UnusableReason.NOT_A_TEXT,
    "moment": UnusableReason.NOT_A_MOMENT,
}


def values_by_event(card: Card) -> ValuesByEvent:
    found: dict[str, ReadValues] = {}
    for metric in card.metrics:
        for value in metric.values:
            for event in value.events:
                users, properties = found.get(event, ReadValues())
                if value.property == "user_id":
                    found[event] = ReadValues((*users, metric.name), properties)
                else:
                    found[event] = ReadValues(users, (*properties, (metric.name, value)))
    return found


class _SeenName:
    """`values` are None if no metric reads a value of this event."""

    __slots__ = ("at", "count", "newest", "values")

    def __init__(self, newest: Event, at: float, values: ReadValues | None) -> None:
        self.count = 0
        self.newest = newest
        self.at = at
        self.values = values


class EventUse:
    """Counts the events of one run; a run that starts over begins with a new one."""

    def __init__(self, values: ValuesByEvent) -> None:
        self._values = values
        self._names: dict[str, _SeenName] = {}
        self.unusable: dict[UnusableKey, UseCount] = {}

    def note(self, event: Event, at: float) -> None:
        """An event that was counted; `at` is its record time in seconds."""
        seen = self._names.get(event.name)
        if seen is None:
            seen = self._names[event.name] = _SeenName(event, at, self._values.get(event.name))
        seen.count += 1
        seen.newest = event
        seen.at = at
        if seen.values is None:
            return
        users, properties = seen.values
        if users and event.user_id is None:
            for metric in users:
                self._note_unusable(UnusableKey(metric, event.name, "user_id", UnusableReason.MISSING), event, at)
        for metric, value in properties:
            if (reason := _problem(event, value)) is not None:
                self._note_unusable(UnusableKey(metric, event.name, value.property, reason), event, at)

    def names(self) -> dict[str, UseCount]:
        return {
            name: UseCount(seen.count, seen.at, UseSample(seen.newest.account_id, seen.newest.event_id))
            for name, seen in self._names.items()
        }

    def _note_unusable(self, key: UnusableKey, event: Event, at: float) -> None:
        said = event.properties.get(key.property)
        # What an erased person sent is shown to nobody.
        hidden = said is None or (event.user_id is not None and is_substitute(event.user_id))
        sample = UseSample(event.account_id, event.event_id, "" if hidden else repr(said)[:_SHOWN_CHARS])
        count = UseCount(1, at, sample)
        if (known := self.unusable.get(key)) is not None:
            known.add(count)
        else:
            self.unusable[key] = count


def _problem(event: Event, value: EventValue) -> UnusableReason | None:
    said: object = event.properties.get(value.property)
    if said is None:
        return UnusableReason.MISSING if value.required else None
    return None if _IS_USABLE[value.form](said) else _REASONS[value.form]
