"""A request's body as events to be published and answers to be given; pure."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from msgspec import Struct

from common.contracts import ids
from common.contracts.events import Event
from ingest import incoming
from ingest.bounds import Bounds
from ingest.diagnosis import Unfit
from ingest.faults import Fault
from ingest.incoming import IncomingEvent
from ingest.items import Item


class Arrival(Struct, frozen=True):
    """What is known of every event of a request beside its text."""

    source: str
    received_at: datetime
    history: bool = False
    idempotency_key: str | None = None


class Taken(Struct, frozen=True, gc=False):
    """`deduplicated` is False if the id is new with every attempt, so that sending it again counts twice."""

    index: int
    event: Event
    deduplicated: bool = True


class Rejected(Struct, frozen=True):
    """`line` counts from 1 and is known for NDJSON only."""

    index: int
    faults: tuple[Fault, ...]
    event_id: str | None = None
    line: int | None = None


class Batch(Struct, frozen=True):
    taken: Sequence[Taken]
    rejected: Sequence[Rejected]


def read(items: Sequence[Item], arrival: Arrival, *, bounds: Bounds, new_id: Callable[[], str]) -> Batch:
    """Every item is either taken or rejected, and keeps its index."""
    taken: list[Taken] = []
    rejected: list[Rejected] = []
    for index, item in enumerate(items):
        found = incoming.read(item.text, now=arrival.received_at, bounds=bounds, nul=item.nul)
        if isinstance(found, Unfit):
            rejected.append(Rejected(index, found.faults, found.event_id, item.line))
        else:
            taken.append(_take(found, index, arrival, new_id))
    return Batch(taken, rejected)


def _take(found: IncomingEvent, index: int, arrival: Arrival, new_id: Callable[[], str]) -> Taken:
    event_id, deduplicated = found.event_id, True
    if event_id is None and arrival.idempotency_key is not None:
        event_id = ids.event_id(arrival.source, arrival.idempotency_key, index)
    elif event_id is None:
        event_id, deduplicated = new_id(), False
    event = Event(
        event_id=event_id,
        account_id=found.account_id,
        user_id=found.user_id,
        name=found.name,
        time=found.time.astimezone(UTC) if found.time else arrival.received_at,
        properties=found.properties or {},
        source=arrival.source,
        received_at=arrival.received_at,
        history=arrival.history,
    )
    return Taken(index, event, deduplicated)
