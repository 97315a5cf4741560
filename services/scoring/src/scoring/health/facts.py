"""What is known of an account, written by events: in each field the last writer by event time wins.

At equal event times the later event in the log wins.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from msgspec.structs import replace

from common.contracts.events import Event
from common.contracts.signals import Facts, Status
from scoring.health.former_facts import FormerFacts, Writers
from scoring.health.properties import id_hash, number, parse_date

_INVALID: Final = object()


def _text(value: object) -> object:
    return value if isinstance(value, str) else _INVALID


def _number(value: object) -> object:
    read = number(value)
    return _INVALID if read is None else read


def _date(value: object) -> object:
    read = parse_date(value)
    return _INVALID if read is None else read


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
    "country": _text,
    "currency": _text,
    "segment": _text,
}

_CONTRACT: Final = ("arr", "contract_start", "contract_end", "seats")
# Which fields an event of this name may write.
WRITES: Final[dict[str, tuple[str, ...]]] = {
    "account.updated": tuple(_READ),
    "account.away": (),
    "contract.started": _CONTRACT,
    "contract.changed": _CONTRACT,
    "contract.renewed": _CONTRACT,
    "contract.cancel_requested": (),
    "contract.ended": (),
    "account.merged": (),
}
# The event of a merge, and the property that names the other account.
MERGED: Final = "account.merged"
_INTO: Final = "into"
# What an event of this name says by itself.
_STATUS: Final[dict[str, Status]] = {
    "contract.started": Status.ACTIVE,
    "contract.renewed": Status.ACTIVE,
    "contract.cancel_requested": Status.LEAVING,
    "contract.ended": Status.CHURNED,
}
# The event that takes back an earlier one.
RETRACTED: Final = "event.retracted"
# By these the customer says that they leave.
NOTICES: Final = frozenset([name for name, status in _STATUS.items() if status is not Status.ACTIVE])
# ARR is one fact, whichever of these brings it.
ARR_EVENTS: Final = tuple([name for name, fields in WRITES.items() if "arr" in fields])


def write_facts(facts: Facts, writers: Writers, former: FormerFacts, event: Event, *, moment: float) -> Facts:
    """The facts after `event`; updates `writers` and `former` in place.

    null clears a fact, a value of the wrong type is ignored.
    """
    changes = former.write(facts, writers, said_facts(event), (moment, id_hash(event)))
    return replace(facts, **changes) if changes else facts


def said_facts(event: Event) -> dict[str, object]:
    """What an event says of facts, by field; None clears one. A value of the wrong type is left out.

    The event's name has to be one of `WRITES`.
    """
    said: dict[str, object] = {}
    into: object = event.properties.get(_INTO) if event.name == MERGED else None
    # An account that would go on as itself stays as it is.
    if isinstance(into, str) and into not in ("", event.account_id):
        said["merged_into"] = into
    for field in WRITES[event.name]:
        if field not in event.properties:
            continue
        raw: object = event.properties[field]
        value = None if raw is None else _READ[field](raw)
        if value is not _INVALID:
            said[field] = value
    if event.name in _STATUS:
        said["status"] = _STATUS[event.name]
    return said


# The tier of an account whose ARR is below the amounts of all others.
LEAST_TIER: Final = "tech"


def with_tier(facts: Facts, tiers: Sequence[tuple[float, str]]) -> Facts:
    """The facts with a tier by ARR where nobody posted one. `tiers` are (ARR from which, name), the highest first.

    Without an ARR, or without `tiers`, the tier stays unknown.
    """
    if facts.tier is not None or facts.arr is None or not tiers:
        return facts
    return replace(facts, tier=next((name for least, name in tiers if facts.arr >= least), LEAST_TIER))


def tiers_by_amount(tiers: Mapping[str, float]) -> tuple[tuple[float, str], ...]:
    """As `with_tier` reads them."""
    return tuple(sorted([(float(least), name) for name, least in tiers.items()], reverse=True))
