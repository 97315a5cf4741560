"""How messages become drafts of events: whose they are, and when they happened."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from ingest.errors import FieldError
from ingest.mapping.item import DraftEvent, IntakeItem
from ingest.mapping.senders.trees import known


class Owner(Struct, frozen=True):
    """The account that a message names, or else identities by which ingest may know the account, or else `default`."""

    account: str | None
    known_by: tuple[str, ...] = ()
    default: str | None = None

    def draft(self, name: str, *, user: str | None = None, **fields: Any) -> DraftEvent:
        """Properties without a value are left out, and those that the event catalogue refuses as well."""
        properties = known(**fields.pop("properties"))
        return DraftEvent(
            name=name,
            account_id=self.account,
            known_by=() if self.account is not None else self.known_by,
            default_account=self.default,
            user_id=user,
            properties=properties,
            lenient=True,
            **fields,
        )


def refused_if_undated(item: IntakeItem, times: Iterable[datetime | FieldError | None]) -> IntakeItem:
    """Refuses a message that would become an event while one of the times that it tells cannot be read."""
    errors = tuple(one for one in times if isinstance(one, FieldError))
    return replace(item, events=(), links=(), errors=errors) if errors and item.events else item
