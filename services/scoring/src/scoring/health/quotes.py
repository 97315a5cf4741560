"""What is kept of the event that crossed a line: when it happened, and what the customer said in it.

It is bounded, and kept in the state only until the signal is told.
"""

from common.contracts.events import Event
from common.contracts.quotable import LONGEST_QUOTE, MOST_QUOTES, QUOTABLE, USER
from common.contracts.signals import Facts, Quote
from common.erasures.substitutes import is_substitute
from scoring.health.facts import WRITES
from scoring.health.properties import number
from scoring.health.state_format import CausingEvent, Said


def causing_event(event: Event, moment: float, before: Facts, after: Facts) -> CausingEvent:
    """The event, which happened at the UTC moment `moment`; `before` and `after` are the account's facts around it."""
    found: list[Said] = []
    if event.name in WRITES:
        found += _changed("seats", before.seats, after.seats) + _changed("arr", before.arr, after.arr)
    names = QUOTABLE.get(event.name)
    # Whoever is erased is not quoted.
    if names is not None and not (event.user_id and is_substitute(event.user_id)):
        for name in names:
            value = _quoted(event.properties.get(name))
            if value is not None:
                found.append((name, value))
        if event.user_id:
            found.append((USER, event.user_id[:LONGEST_QUOTE]))
    return CausingEvent(moment, tuple(found[:MOST_QUOTES]))


def quotes_of(event: CausingEvent | None) -> tuple[Quote, ...]:
    if event is None:
        return ()
    return tuple([Quote(name=name, value=value) for name, value in event.said])


def _changed(name: str, before: float | None, after: float | None) -> list[Said]:
    if before is None or after is None or before == after:
        return []
    return [(f"{name}_before", before), (name, after)]


def _quoted(value: object) -> str | float | bool | None:
    """A text that is cut, a number or a switch; None for anything else, and for a text of blanks."""
    if isinstance(value, str):
        return value[:LONGEST_QUOTE] if value.strip() and not is_substitute(value) else None
    return value if isinstance(value, bool) else number(value)
