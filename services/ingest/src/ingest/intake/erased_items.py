"""Takes erased people out of the messages of a request. Pure."""

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from msgspec import Raw
from msgspec.structs import replace

from ingest.events.erased import ErasedLookup
from ingest.mapping.item import IgnoredReason, IntakeItem
from ingest.mapping.paths import identifier
from ingest.receiving.bounds import ID_CHARS


def without_erased_people(items: Sequence[IntakeItem], erased: ErasedLookup) -> Sequence[IntakeItem]:
    """The items in their order. Those of erased people have no events and links, others no links to erased people."""
    if not len(erased):
        return items
    return [_without_erased_people(one, erased) for one in items]


def _without_erased_people(item: IntakeItem, erased: ErasedLookup) -> IntakeItem:
    links = tuple([one for one in item.links if not (erased.user(one.identity) or erased.user(one.same_as))])
    of_erased = any(erased.user(draft.user_id) for draft in item.events)
    # An alias message has no event: without its links nothing is left of it.
    if of_erased or (item.links and not links and not item.events):
        return replace(item, links=(), events=(), errors=(), ignored=IgnoredReason.ERASED)
    return item if len(links) == len(item.links) else replace(item, links=links)


def says_erased(raw: bytes | Raw, erased: ErasedLookup) -> bool:
    """Whether a value anywhere in the message is the id of somebody erased; False if it is not JSON.

    For refused messages, which the dead topic keeps whole: in a malformed one, any value may be an id.
    """
    if not len(erased):
        return False
    try:
        values = set(_values(msgspec.json.decode(raw)))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return any(erased.account(one) or erased.user(one) for one in values)


def _values(tree: Any) -> Iterator[str]:
    left = [tree]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            left += value.values()
        elif isinstance(value, list):
            left += value
        elif (found := identifier(value)) is not None and len(found) <= ID_CHARS:
            yield found
