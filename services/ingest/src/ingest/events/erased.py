"""Refuses events of erased accounts and people, each with a reason. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Protocol

from ingest.aliases.merge import MERGED
from ingest.errors import FieldError, FieldErrorReason
from ingest.events.batch import AcceptedEvent, EventBatch, RejectedItem, marked_anew
from ingest.events.body_items import BodyItem

_ACCOUNT: Final = "this account was erased: nothing of it is taken until that is lifted"
_PERSON: Final = "this person was erased: nothing of them is taken until that is lifted"


class ErasedLookup(Protocol):
    """Says who is erased, by the ids that clients send. The length is how many are erased."""

    def __len__(self) -> int: ...

    def account(self, account_id: object) -> bool: ...

    def user(self, user_id: str | None) -> bool: ...


class NobodyErased:
    def __len__(self) -> int:
        return 0

    def account(self, account_id: object) -> bool:
        return False

    def user(self, user_id: str | None) -> bool:
        return False


NOBODY: Final = NobodyErased()


class EventOfAccount(Protocol):
    @property
    def account_id(self) -> str | None: ...

    @property
    def user_id(self) -> str | None: ...

    @property
    def name(self) -> str: ...

    @property
    def properties(self) -> Mapping[str, Any]: ...


def refuse_erased(batch: EventBatch, items: Sequence[BodyItem], erased: ErasedLookup) -> EventBatch:
    """The batch with events of erased accounts and people rejected; `items` are those of the request."""
    if not len(erased):
        return batch
    refused = [(one, error) for one in batch.accepted if (error := erased_error(one.event, erased)) is not None]
    if not refused:
        return batch
    places = {one.index for one, _ in refused}
    return EventBatch(
        marked_anew(one for one in batch.accepted if one.index not in places),
        [*batch.rejected, *(_rejected(one, items[one.index].line, error) for one, error in refused)],
    )


def erased_error(event: EventOfAccount, erased: ErasedLookup) -> FieldError | None:
    """Why the event is not taken, if its account or its person was erased.

    A merge into an erased account is refused, too: the alias would store the erased id.
    """
    if erased.account(event.account_id):
        return FieldError("account_id", FieldErrorReason.ERASED, _ACCOUNT)
    if erased.user(event.user_id):
        return FieldError("user_id", FieldErrorReason.ERASED, _PERSON)
    if event.name == MERGED and erased.account(event.properties.get("into")):
        return FieldError("properties.into", FieldErrorReason.ERASED, _ACCOUNT)
    return None


def _rejected(one: AcceptedEvent, line: int | None, error: FieldError) -> RejectedItem:
    # The client does not know an id that ingest made up, so the answer leaves it out.
    return RejectedItem(one.index, (error,), one.event.event_id if one.deduplicated else None, line)
