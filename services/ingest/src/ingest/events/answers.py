"""The answers of POST /v1/events: accepted and rejected items, or a problem."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct
from starlette.responses import Response

from common.catalogue.checking import PropertyNote
from common.problems import Problem, unavailable
from ingest.errors import BodyErrorReason, BodyRefused, FieldError
from ingest.events.batch import AcceptedEvent, Duplicate, EventBatch, RejectedItem

NOT_ACKNOWLEDGED: Final = "not_acknowledged"
ALIASES_UNAVAILABLE: Final = "aliases_unavailable"
_HTTP_STATUS: Final = {
    BodyErrorReason.MALFORMED: 400,
    BodyErrorReason.EMPTY: 400,
    BodyErrorReason.BAD_COMPRESSION: 400,
    BodyErrorReason.TOO_MANY_ITEMS: 413,
    BodyErrorReason.BODY_TOO_LARGE: 413,
    BodyErrorReason.INFLATED_TOO_LARGE: 413,
    BodyErrorReason.UNKNOWN_TYPE: 415,
    BodyErrorReason.UNKNOWN_ENCODING: 415,
}


class ItemStatus(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class ItemAnswer(Struct, frozen=True, omit_defaults=True, gc=False):
    """`deduplicated` is present, and false, if ingest made up the id: sent again, the event would count twice.

    `notes` are present if properties were corrected, `duplicate` if an earlier item of the request has the same account
    and event id. `merged_into` is present if the item's account was merged: the event was filed under that one.
    """

    index: int
    status: ItemStatus
    event_id: str | None = None
    deduplicated: bool = True
    line: int | None = None
    errors: tuple[FieldError, ...] = ()
    notes: tuple[PropertyNote, ...] = ()
    duplicate: Duplicate | None = None
    merged_into: str | None = None


class PostEventsAnswer(Struct, frozen=True):
    """Every item of the request, by index."""

    accepted: int
    rejected: int
    items: Sequence[ItemAnswer]


def answer_for(batch: EventBatch) -> PostEventsAnswer:
    items = [*map(_accepted_item, batch.accepted), *map(_rejected_item, batch.rejected)]
    # Without rejected items they are in order already.
    if batch.rejected:
        items.sort(key=lambda item: item.index)
    return PostEventsAnswer(len(batch.accepted), len(batch.rejected), items)


def _accepted_item(accepted: AcceptedEvent) -> ItemAnswer:
    event_id = accepted.event.event_id
    return ItemAnswer(
        accepted.index,
        ItemStatus.ACCEPTED,
        event_id,
        accepted.deduplicated,
        notes=accepted.notes,
        duplicate=accepted.duplicate,
        merged_into=accepted.merged_into,
    )


def _rejected_item(rejected: RejectedItem) -> ItemAnswer:
    return ItemAnswer(
        rejected.index,
        ItemStatus.REJECTED,
        rejected.event_id,
        line=rejected.line,
        errors=rejected.errors,
    )


def accepted(answer: PostEventsAnswer) -> Response:
    return Response(msgspec.json.encode(answer), 202, media_type="application/json")


def no_event_taken(answer: PostEventsAnswer) -> Problem:
    more = {"accepted": 0, "rejected": answer.rejected, "items": answer.items}
    return Problem(422, "no_event_taken", "none of the events could be taken: each says why", more=more)


def body_refused(refusal: BodyRefused) -> Problem:
    status = _HTTP_STATUS[refusal.reason]
    headers = {}
    if refusal.reason is BodyErrorReason.UNKNOWN_ENCODING:
        headers["accept-encoding"] = "gzip"
    return Problem(status, refusal.reason, refusal.detail, headers=headers)


def aliases_unavailable() -> Problem:
    detail = "nobody knows now which accounts were merged: send all of it again with the same ids"
    return unavailable(ALIASES_UNAVAILABLE, detail)


def not_acknowledged() -> Problem:
    detail = "not acknowledged in time: it may or may not have been taken, send all of it again with the same ids"
    return unavailable(NOT_ACKNOWLEDGED, detail, retry_after=2)
