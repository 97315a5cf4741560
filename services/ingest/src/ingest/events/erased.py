"""Refuses the events of erased accounts, one by one. Pure."""

from collections.abc import Container, Mapping, Sequence
from typing import Any, Final, Protocol

from ingest.aliases.merge import MERGED
from ingest.errors import FieldError, FieldErrorReason
from ingest.events.batch import AcceptedEvent, EventBatch, RejectedItem, marked_anew
from ingest.events.body_items import BodyItem

_DETAIL: Final = "this account was erased: nothing of it is taken until that is lifted"
_ERRORS: Final = (FieldError("account_id", FieldErrorReason.ERASED, _DETAIL),)
_INTO_ERRORS: Final = (FieldError("properties.into", FieldErrorReason.ERASED, _DETAIL),)


class EventOfAccount(Protocol):
    @property
    def account_id(self) -> str | None: ...

    @property
    def name(self) -> str: ...

    @property
    def properties(self) -> Mapping[str, Any]: ...


def refuse_erased(batch: EventBatch, items: Sequence[BodyItem], erased: Container[str]) -> EventBatch:
    """The batch without accepted events of erased accounts, which are rejected; `items` are those of the request.

    Nobody is merged into an erased account either: what keeps merges would keep its id.
    """
    refused = [one for one in batch.accepted if names_erased(one.event, erased)]
    if not refused:
        return batch
    places = {one.index for one in refused}
    return EventBatch(
        marked_anew(one for one in batch.accepted if one.index not in places),
        [*batch.rejected, *(_rejected(one, items[one.index].line, erased) for one in refused)],
    )


def names_erased(event: EventOfAccount, erased: Container[str]) -> bool:
    """Whether the event is of an erased account, or merges one into it."""
    return event.account_id in erased or (event.name == MERGED and event.properties.get("into") in erased)


def _rejected(one: AcceptedEvent, line: int | None, erased: Container[str]) -> RejectedItem:
    errors = _ERRORS if one.event.account_id in erased else _INTO_ERRORS
    # An id that ingest made up is nobody's.
    return RejectedItem(one.index, errors, one.event.event_id if one.deduplicated else None, line)
