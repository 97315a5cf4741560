"""What scoring says of the names of events, and of values that no metric could use."""

from datetime import datetime

from msgspec import Struct


class EventNameUsed(Struct, frozen=True, kw_only=True):
    """`used_by` is what of the card listens to the name; `nearest` a name that the event catalogue has."""

    name: str
    standard: bool
    count: int
    used_by: tuple[str, ...] = ()
    last_seen: datetime | None = None
    account_id: str | None = None
    nearest: str | None = None


class ValueUnusable(Struct, frozen=True, kw_only=True):
    """A metric could not use this property; `value` is a sample."""

    metric: str
    event: str
    property: str
    reason: str
    count: int
    last_seen: datetime
    account_id: str
    value: str


class EventUsesAnswer(Struct, frozen=True, kw_only=True):
    names: tuple[EventNameUsed, ...]
    unused: int
    unusable: tuple[ValueUnusable, ...]
