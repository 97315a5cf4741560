"""Reading the properties of an event. A value of the wrong type counts as absent, never as an error."""

from datetime import date, datetime
from typing import Final

from common.contracts.events import Event
from scoring.health.hashing import hash64

# (source, event id): names an event within its account.
EventName = tuple[str, str]

# Larger numbers do not count, so that sums of many stay far from overflow.
_LARGEST: Final = 1e18


def number(value: object) -> float | None:
    """The value as a finite float; None for anything else and for numbers beyond 1e18."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    # Compared before it is converted: an integer may be too large for a float. NaN fails both comparisons.
    if not -_LARGEST <= value <= _LARGEST:
        return None
    return float(value)


def parse_date(value: object) -> date | None:
    """A date, or the date of an RFC 3339 moment as it is written; None for anything else."""
    if not isinstance(value, str):
        return None
    try:
        return datetime.fromisoformat(value).date()
    except ValueError:
        return None


def weight_of(event: Event, name: str | None) -> float:
    """How much an event counts: 1, or its numeric property `name` if it has one, at least 0."""
    if name is None:
        return 1.0
    weight = number(event.properties.get(name))
    return 1.0 if weight is None else max(weight, 0.0)


def key_of(event: Event, name: str) -> str | None:
    """Who or what an event is about, as text: "user_id", or a property that is a text or a number."""
    if name == "user_id":
        return event.user_id
    value: object = event.properties.get(name)
    if isinstance(value, str):
        return value
    return str(value) if isinstance(value, (int, float)) else None


def id_hash(event: Event) -> int:
    """Names an event within its account: a hash of its source and id."""
    return hash_of(event.source, event.event_id)


def withdrawn_event(event: Event) -> EventName | None:
    """What a retraction takes back: an event of its own source. None if it does not say which."""
    event_id: object = event.properties.get("event_id")
    return (event.source, event_id) if isinstance(event_id, str) else None


def hash_of(source: str, event_id: str) -> int:
    """What `id_hash` says of the event with this source and id."""
    return hash64(f"{source} {event_id}")
