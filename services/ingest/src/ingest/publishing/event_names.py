"""Counts the names of accepted events, so that somebody notices one that no scorecard listens to."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import lru_cache
from itertools import islice

from msgspec import Struct

from common.catalogue.events import STANDARD_EVENTS
from common.catalogue.names import nearest_name
from common.contracts.events import Event

MOST_OTHER_NAMES = 500
_MOST_PROPERTIES = 20


class EventSample(Struct, frozen=True):
    """The newest event of a name. `properties` are the names of at most 20 of its properties."""

    source: str
    account_id: str
    event_id: str
    properties: tuple[str, ...]


class EventName(Struct, frozen=True, omit_defaults=True):
    """`standard`: the event catalogue has this name. If not, `nearest` is the most similar name that it has."""

    name: str
    standard: bool
    count: int
    last_seen: datetime
    sample: EventSample
    nearest: str | None = None


class EventNamesAnswer(Struct, frozen=True):
    """The names of the events that this process has accepted since its start, the most frequent first.

    `not_listed` counts events of names beyond the bound on how many names are kept.
    """

    since: datetime
    names: Sequence[EventName]
    not_listed: int


class EventNames:
    """Counts by name. All standard names have room, and `most_others` others."""

    def __init__(self, *, since: datetime, most_others: int = MOST_OTHER_NAMES) -> None:
        self._since = since
        self._free = most_others
        self._counts: Counter[str] = Counter()
        self._newest: dict[str, tuple[datetime, EventSample]] = {}
        self._not_listed = 0

    def count(self, events: Sequence[Event]) -> int:
        """Counts the accepted events of one request; returns how many have a name that is not standard."""
        if len(events) == 1:
            return self._add(events[0], 1)
        newest = {event.name: event for event in events}
        counts = Counter(event.name for event in events) if len(newest) > 1 else {events[0].name: len(events)}
        return sum(self._add(event, counts[name]) for name, event in newest.items())

    def _add(self, event: Event, count: int) -> int:
        """Counts events of one name, of which this is the newest; returns how many are not standard."""
        name = event.name
        if self._has_room(name):
            self._counts[name] += count
            properties = tuple(islice(event.properties, _MOST_PROPERTIES))
            sample = EventSample(event.source, event.account_id, event.event_id, properties)
            self._newest[name] = (event.received_at, sample)
        else:
            self._not_listed += count
        return 0 if name in STANDARD_EVENTS else count

    def answer(self) -> EventNamesAnswer:
        """What was counted up to now."""
        names = [
            EventName(
                name=name,
                standard=name in STANDARD_EVENTS,
                count=count,
                last_seen=self._newest[name][0],
                sample=self._newest[name][1],
                nearest=None if name in STANDARD_EVENTS else _nearest(name),
            )
            for name, count in self._counts.most_common()
        ]
        return EventNamesAnswer(self._since, names, self._not_listed)

    def _has_room(self, name: str) -> bool:
        if name in self._counts or name in STANDARD_EVENTS:
            return True
        self._free -= 1
        return self._free >= 0


@lru_cache(maxsize=MOST_OTHER_NAMES)
def _nearest(name: str) -> str | None:
    """Cached: a comparison with all names of the catalogue takes half a millisecond."""
    return nearest_name(name, STANDARD_EVENTS)
