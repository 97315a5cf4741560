"""What the read API answers about names of events, and values that no metric could use."""

from datetime import datetime

from msgspec import Struct

from scoring.partition.event_use import UnusableReason


class EventNameUse(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One name: how many events with it were counted, and what of the card listens to it.

    `standard`: the event catalogue has the name. If not, `nearest` is the most similar name that it has. `retractable`
    are those that give back what such an event set when `event.retracted` names it; all others keep it.
    """

    name: str
    standard: bool
    count: int
    used_by: tuple[str, ...]
    retractable: tuple[str, ...] = ()
    last_seen: datetime | None = None
    account_id: str | None = None
    event_id: str | None = None
    nearest: str | None = None


class UnusableValue(Struct, frozen=True, kw_only=True):
    """A metric could not use what this property of an event said, `count` times; the last one as a sample."""

    metric: str
    event: str
    property: str
    reason: UnusableReason
    count: int
    last_seen: datetime
    account_id: str
    event_id: str
    value: str


class EventUses(Struct, frozen=True, kw_only=True):
    """First the names that the card listens to and nobody has posted, then those that came, the most frequent first.

    `unused` counts the events of names that nothing listens to. `unusable` are values that a metric of the card could
    not use. Workers report every few seconds. A crash may lose some of these counts, or count some twice.
    """

    names: tuple[EventNameUse, ...]
    unused: int
    unusable: tuple[UnusableValue, ...]
    card_id: str
