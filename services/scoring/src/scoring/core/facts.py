"""What is known of an account, written by events: per field the last writer by event time has the say."""

from collections.abc import Callable
from datetime import date, datetime

from msgspec.structs import replace

from common.contracts.events import Event
from common.contracts.signals import Facts
from scoring.core.hashing import hash64
from scoring.core.properties import number

# Per field who wrote it: the event's moment, then the hash of its id.
Writers = dict[str, tuple[float, int]]
Value = str | float | date

_WRONG = object()


def _text(value: object) -> object:
    return value if isinstance(value, str) else _WRONG


def _number(value: object) -> object:
    read = number(value)
    return _WRONG if read is None else read


def _date(value: object) -> object:
    """A date, or the date of an RFC 3339 moment as it is written."""
    if not isinstance(value, str):
        return _WRONG
    try:
        return datetime.fromisoformat(value).date()
    except ValueError:
        return _WRONG


_READ: dict[str, Callable[[object], object]] = {
    "name": _text,
    "tier": _text,
    "owner": _text,
    "arr": _number,
    "seats": _number,
    "contract_start": _date,
    "contract_end": _date,
    "stage": _text,
    "time_zone": _text,
    "language": _text,
    "parent": _text,
}

# Which fields an event of this name may write.
WRITES: dict[str, tuple[str, ...]] = {
    "account.updated": tuple(_READ),
    "contract.changed": ("arr", "contract_start", "contract_end", "seats"),
}


def written(facts: Facts, writers: Writers, event: Event, *, moment: float) -> Facts:
    """The facts after `event`; `writers` is brought up to date in place. null clears, a wrong type is ignored."""
    by = (moment, hash64(event.event_id))
    changes = {}
    for field in WRITES[event.name]:
        if field not in event.properties:
            continue
        raw = event.properties[field]
        value = None if raw is None else _READ[field](raw)
        if value is _WRONG or (field in writers and writers[field] >= by):
            continue
        writers[field] = by
        changes[field] = value
    return replace(facts, **changes) if changes else facts
