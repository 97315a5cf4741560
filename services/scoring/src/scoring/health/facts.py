"""What is known of an account, written by events: in each field the last writer by event time wins.

At equal event times the later event in the log wins.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Final

from msgspec.structs import replace

from common.contracts.events import Event
from common.contracts.signals import Facts, Status
from scoring.health.properties import id_hash, number

# Who wrote each field last: the event's moment, and the hash of its id.
Writers = dict[str, tuple[float, int]]

_INVALID: Final = object()


def _text(value: object) -> object:
    return value if isinstance(value, str) else _INVALID


def _number(value: object) -> object:
    read = number(value)
    return _INVALID if read is None else read


def _date(value: object) -> object:
    """A date, or the date of an RFC 3339 moment as it is written."""
    if not isinstance(value, str):
        return _INVALID
    try:
        return datetime.fromisoformat(value).date()
    except ValueError:
        return _INVALID


_READ: Final[dict[str, Callable[[object], object]]] = {
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

_CONTRACT: Final = ("arr", "contract_start", "contract_end", "seats")
# Which fields an event of this name may write.
WRITES: Final[dict[str, tuple[str, ...]]] = {
    "account.updated": tuple(_READ),
    "contract.started": _CONTRACT,
    "contract.changed": _CONTRACT,
    "contract.renewed": _CONTRACT,
    "contract.cancel_requested": (),
    "contract.ended": (),
}
# What an event of this name says by itself.
_STATUS: Final[dict[str, Status]] = {
    "contract.started": Status.ACTIVE,
    "contract.renewed": Status.ACTIVE,
    "contract.cancel_requested": Status.LEAVING,
    "contract.ended": Status.CHURNED,
}
# By these the customer says that they leave.
NOTICES: Final = frozenset([name for name, status in _STATUS.items() if status is not Status.ACTIVE])
# ARR is one fact, whichever of these brings it.
ARR_EVENTS: Final = tuple([name for name, fields in WRITES.items() if "arr" in fields])


def write_facts(facts: Facts, writers: Writers, event: Event, *, moment: float) -> Facts:
    """The facts after `event`; updates `writers` in place. null clears a fact, a value of the wrong type is ignored."""
    by = (moment, id_hash(event))
    changes: dict[str, object] = {}
    for field in WRITES[event.name]:
        if field not in event.properties:
            continue
        raw: object = event.properties[field]
        value = None if raw is None else _READ[field](raw)
        before = writers.get(field)
        if value is _INVALID or (before is not None and before[0] > moment):
            continue
        writers[field] = by
        changes[field] = value
    status = _STATUS.get(event.name)
    last = writers.get("status")
    if status is not None and (last is None or last[0] <= moment):
        writers["status"] = by
        changes["status"] = status
    return replace(facts, **changes) if changes else facts
