"""What a producer of events is told about its request."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Final

import msgspec
from msgspec import Struct
from starlette.responses import Response

from common.problems import Problem
from ingest.batch import Batch, Rejected, Taken
from ingest.faults import BodyRefused, Fault, Refusal

NOT_ACKNOWLEDGED: Final = "not_acknowledged"
STATUS: Final = {
    Refusal.MALFORMED: 400,
    Refusal.EMPTY: 400,
    Refusal.BAD_COMPRESSION: 400,
    Refusal.TOO_MANY_ITEMS: 413,
    Refusal.BODY_TOO_LARGE: 413,
    Refusal.INFLATED_TOO_LARGE: 413,
    Refusal.UNKNOWN_TYPE: 415,
    Refusal.UNKNOWN_ENCODING: 415,
}


class Status(StrEnum):
    ACCEPTED = "accepted"
    REJECTED = "rejected"


class ItemAnswer(Struct, frozen=True, omit_defaults=True, gc=False):
    """`deduplicated` is there, and false, if ingest had to make up the id: sent again it counts twice."""

    index: int
    status: Status
    event_id: str | None = None
    deduplicated: bool = True
    line: int | None = None
    errors: tuple[Fault, ...] = ()


class Answer(Struct, frozen=True):
    """Every item of the request, by index."""

    accepted: int
    rejected: int
    items: Sequence[ItemAnswer]


def of(batch: Batch) -> Answer:
    items = [*map(_taken, batch.taken), *map(_rejected, batch.rejected)]
    if batch.rejected:
        items.sort(key=lambda item: item.index)
    return Answer(len(batch.taken), len(batch.rejected), items)


def _taken(taken: Taken) -> ItemAnswer:
    return ItemAnswer(taken.index, Status.ACCEPTED, taken.event.event_id, taken.deduplicated)


def _rejected(rejected: Rejected) -> ItemAnswer:
    return ItemAnswer(
        rejected.index,
        Status.REJECTED,
        rejected.event_id,
        line=rejected.line,
        errors=rejected.faults,
    )


def accepted(answer: Answer) -> Response:
    return Response(msgspec.json.encode(answer), 202, media_type="application/json")


def none_taken(answer: Answer) -> Problem:
    more = {"accepted": 0, "rejected": answer.rejected, "items": answer.items}
    return Problem(422, "no_event_taken", "none of the events could be taken: each says why", more=more)


def refused(refusal: BodyRefused) -> Problem:
    status = STATUS[refusal.reason]
    headers = {}
    if refusal.reason is Refusal.UNKNOWN_ENCODING:
        headers["accept-encoding"] = "gzip"
    if refusal.reason in (Refusal.BODY_TOO_LARGE, Refusal.INFLATED_TOO_LARGE):
        headers["connection"] = "close"  # the rest of the body is not read
    return Problem(status, refusal.reason, refusal.detail, headers=headers)


def unknown() -> Problem:
    detail = "not acknowledged in time: it may or may not have been taken, send all of it again with the same ids"
    return Problem(503, NOT_ACKNOWLEDGED, detail, headers={"retry-after": "2"})
