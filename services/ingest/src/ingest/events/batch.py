"""Turns the items of one request into events to publish and rejected items. Pure."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from enum import StrEnum

from msgspec import Struct
from msgspec.structs import replace

from common.catalogue.checking import PropertyNote
from common.contracts import ids
from common.contracts.events import Event
from ingest.aliases.following import FollowedEvents
from ingest.errors import FieldError
from ingest.events.body_items import BodyItem
from ingest.events.incoming_event import CorrectedEvent, IncomingEvent, parse_event
from ingest.events.validation import InvalidEvent
from ingest.receiving.bounds import Bounds


class RequestContext(Struct, frozen=True):
    """What all events of one request have in common."""

    source: str
    received_at: datetime
    history: bool = False
    idempotency_key: str | None = None


class Duplicate(StrEnum):
    """An earlier item of the request has the same account and event id; only the first of them counts."""

    SAME_CONTENT = "same_content"
    OTHER_CONTENT = "other_content"


class AcceptedEvent(Struct, frozen=True, gc=False):
    """`deduplicated` is False if ingest made up a random id: a repeated request would count the event twice.

    `notes` say which properties were corrected. `merged_into` is the account that the event was filed under, if that of
    the item was merged into it.
    """

    index: int
    event: Event
    deduplicated: bool = True
    notes: tuple[PropertyNote, ...] = ()
    duplicate: Duplicate | None = None
    merged_into: str | None = None


class RejectedItem(Struct, frozen=True):
    """`line` is set for NDJSON only, and counts from 1."""

    index: int
    errors: tuple[FieldError, ...]
    event_id: str | None = None
    line: int | None = None


class EventBatch(Struct, frozen=True):
    accepted: Sequence[AcceptedEvent]
    rejected: Sequence[RejectedItem]


def parse_items(
    items: Sequence[BodyItem], context: RequestContext, *, bounds: Bounds, new_id: Callable[[], str]
) -> EventBatch:
    """Accepts or rejects each item by itself; each keeps its index."""
    accepted: list[AcceptedEvent] = []
    rejected: list[RejectedItem] = []
    for index, item in enumerate(items):
        parsed = parse_event(item.text, now=context.received_at, bounds=bounds, nul=item.nul, history=context.history)
        if isinstance(parsed, InvalidEvent):
            rejected.append(RejectedItem(index, parsed.errors, parsed.event_id, item.line))
            continue
        event = parsed.event if isinstance(parsed, CorrectedEvent) else parsed
        taken = _accept(event, index, context, new_id)
        if isinstance(parsed, CorrectedEvent):
            taken = replace(taken, notes=_named(parsed.notes))
        accepted.append(taken)
    return EventBatch(_marked(accepted), rejected)


def with_followed(batch: EventBatch, followed: FollowedEvents, items: Sequence[BodyItem]) -> EventBatch:
    """With the accepted events as they are filed, and without the merges that are refused."""
    rejected = list(batch.rejected)
    accepted = []
    for place, (taken, event) in enumerate(zip(batch.accepted, followed.events, strict=True)):
        if (error := followed.refused.get(place)) is not None:
            rejected.append(RejectedItem(taken.index, (error,), event.event_id, items[taken.index].line))
            continue
        into = event.account_id if event.account_id != taken.event.account_id else None
        accepted.append(replace(taken, event=event, merged_into=into))
    return EventBatch(marked_anew(accepted), rejected)


def marked_anew(accepted: Iterable[AcceptedEvent]) -> Sequence[AcceptedEvent]:
    """With `more` and `duplicate` as they are without the items that were refused since."""
    return _marked([replace(one, event=replace(one.event, more=False), duplicate=None) for one in accepted])


def _marked(accepted: list[AcceptedEvent]) -> list[AcceptedEvent]:
    if len({(one.event.account_id, one.event.event_id) for one in accepted}) < len(accepted):
        accepted = _with_duplicates(accepted)
    return _with_more(accepted)


def mark_followed(events: Sequence[Event]) -> Sequence[Event]:
    """Sets `more` on every event that another one of the same account follows."""
    if len({event.account_id for event in events}) == len(events):
        return events
    marked, later = list(events), set[str]()
    for place in range(len(events) - 1, -1, -1):
        event = events[place]
        if event.account_id in later:
            marked[place] = replace(event, more=True)
        later.add(event.account_id)
    return marked


def _with_more(accepted: list[AcceptedEvent]) -> list[AcceptedEvent]:
    events = [taken.event for taken in accepted]
    marked = mark_followed(events)
    if marked is events:
        return accepted
    return [
        taken if event is taken.event else replace(taken, event=event)
        for taken, event in zip(accepted, marked, strict=True)
    ]


def _with_duplicates(accepted: Sequence[AcceptedEvent]) -> list[AcceptedEvent]:
    first: dict[tuple[str, str], Event] = {}
    marked = []
    for one in accepted:
        event = first.setdefault((one.event.account_id, one.event.event_id), one.event)
        if event is one.event:
            marked.append(one)
        else:
            same = _content(event) == _content(one.event)
            marked.append(replace(one, duplicate=Duplicate.SAME_CONTENT if same else Duplicate.OTHER_CONTENT))
    return marked


def _content(event: Event) -> tuple[object, ...]:
    """What the client said beside the ids."""
    return event.name, event.user_id, event.time, event.properties


def _named(notes: Iterable[PropertyNote]) -> tuple[PropertyNote, ...]:
    """With the field as a path in the item, as errors have it."""
    return tuple(replace(note, field=f"properties.{note.field}") for note in notes)


def _accept(incoming: IncomingEvent, index: int, context: RequestContext, new_id: Callable[[], str]) -> AcceptedEvent:
    event_id, deduplicated = incoming.event_id, True
    # The same request sent again gives the same ids, so scoring drops the copies.
    if event_id is None and context.idempotency_key is not None:
        event_id = ids.event_id(context.source, context.idempotency_key, index)
    elif event_id is None:
        event_id, deduplicated = new_id(), False
    event = Event(
        event_id=event_id,
        account_id=incoming.account_id,
        user_id=incoming.user_id,
        name=incoming.name,
        time=incoming.time.astimezone(UTC) if incoming.time else context.received_at,
        properties=incoming.properties or {},
        source=context.source,
        received_at=context.received_at,
        history=context.history,
    )
    return AcceptedEvent(index, event, deduplicated)
