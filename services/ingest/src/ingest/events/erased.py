"""Refuses the events of erased accounts, one by one. Pure."""

from collections.abc import Container, Sequence
from typing import Final

from ingest.errors import FieldError, FieldErrorReason
from ingest.events.batch import AcceptedEvent, EventBatch, RejectedItem
from ingest.events.body_items import BodyItem

_DETAIL: Final = "this account was erased: nothing of it is taken until that is lifted"
_ERRORS: Final = (FieldError("account_id", FieldErrorReason.ERASED, _DETAIL),)


def refuse_erased(batch: EventBatch, items: Sequence[BodyItem], erased: Container[str]) -> EventBatch:
    """The batch without accepted events of erased accounts, which are rejected; `items` are those of the request."""
    refused = [one for one in batch.accepted if one.event.account_id in erased]
    if not refused:
        return batch
    places = {one.index for one in refused}
    return EventBatch(
        [one for one in batch.accepted if one.index not in places],
        [*batch.rejected, *(_rejected(one, items[one.index].line) for one in refused)],
    )


def _rejected(one: AcceptedEvent, line: int | None) -> RejectedItem:
    # An id that ingest made up is nobody's.
    return RejectedItem(one.index, _ERRORS, one.event.event_id if one.deduplicated else None, line)
