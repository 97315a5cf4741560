"""Reading what an event brought: a value of the wrong kind is as good as absent, never an error."""

from math import isfinite

from common.contracts.events import Event

# Nothing that an account does is counted beyond this; sums of it stay far from overflow.
_LARGEST = 1e18


def number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    # Compared as it came: an integer may be too large for a float.
    if not -_LARGEST <= value <= _LARGEST:
        return None
    return float(value) if isfinite(value) else None


def weight_of(event: Event, name: str | None) -> float:
    """How much an event counts: 1, or its numeric property `name` if it has one; never less than nothing."""
    if name is None:
        return 1.0
    weight = number(event.properties.get(name))
    return 1.0 if weight is None else max(weight, 0.0)


def key_of(event: Event, name: str) -> str | None:
    """Who or what an event is about, as text: "user_id" or a property that is a text or a number."""
    if name == "user_id":
        return event.user_id
    value = event.properties.get(name)
    return str(value) if isinstance(value, str | int | float) else None
