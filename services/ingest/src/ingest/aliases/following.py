"""Files events of merged accounts under the other accounts, for events, SDKs and webhooks alike."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from msgspec import Struct
from msgspec.structs import replace

from common.contracts.events import Event
from ingest.aliases.merge import MERGED, Merge, merge_of
from ingest.errors import FieldError


class Aliases(Protocol):
    """Every method raises `AliasesUnavailable`."""

    async def last(self) -> Mapping[str, str]:
        """The final account of each merged one."""

    async def merge(self, merges: Sequence[Merge]) -> Mapping[int, FieldError]:
        """Stores merges; returns the refused ones, by place."""

    async def check(self, merges: Sequence[Merge]) -> Mapping[int, FieldError]: ...


class FollowedEvents(Struct, frozen=True):
    """The events of a request in their order. `refused` has the merges that cannot be stored, by place."""

    events: Sequence[Event]
    refused: Mapping[int, FieldError] = {}


async def follow_aliases(events: Sequence[Event], aliases: Aliases, *, dry_run: bool = False) -> FollowedEvents:
    """Stores the merges among the events, in order, and files the other events under the final accounts.

    The event of a merge stays with the account that was merged. Merges of the request do not move events before the
    first of them. A dry run stores nothing. Raises `AliasesUnavailable`.
    """
    before = await aliases.last()
    places = [place for place, event in enumerate(events) if event.name == MERGED]
    if not places:
        # The usual case: no account of this request was merged.
        if not before or before.keys().isdisjoint({event.account_id for event in events}):
            return FollowedEvents(events)
        return FollowedEvents([_filed(event, before) for event in events])
    merges = [merge_of(events[place]) for place in places]
    refused = await (aliases.check(merges) if dry_run else aliases.merge(merges))
    after = await aliases.last()
    taken = [place for index, place in enumerate(places) if index not in refused]
    first = taken[0] if taken else len(events)
    followed = [_filed(event, before if place < first else after) for place, event in enumerate(events)]
    return FollowedEvents(followed, {places[index]: error for index, error in refused.items()})


def _filed(event: Event, last: Mapping[str, str]) -> Event:
    into = last.get(event.account_id)
    return event if into is None or event.name == MERGED else replace(event, account_id=into)
