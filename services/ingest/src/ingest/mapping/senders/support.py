"""What the webhooks of help desks have in common."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from msgspec import Struct
from msgspec.structs import replace
from pydantic import Field

from common.documents.value_types import text
from ingest.errors import FieldError
from ingest.mapping.item import DraftEvent, IntakeItem
from ingest.mapping.paths import Path, first_value, parse_path
from ingest.mapping.senders.section import WebhookSection
from ingest.mapping.senders.trees import known
from ingest.mapping.value_types import AccountFact, Paths

_Priority = Annotated[str, text(r"^\S(.{0,98}\S)?$", "a priority as the sender writes it")]


class SupportSection(WebhookSection):
    """Tickets and answers about them."""

    severity: dict[_Priority, Annotated[float, Field(ge=0, le=10)]] = Field(
        {}, max_length=100, description="How much a ticket of a priority counts, from 0 to 10."
    )
    facts: dict[AccountFact, Paths] = Field(
        {}, description="Facts of the account, each with the paths in an organization or company that it may come from."
    )


class Owner(Struct, frozen=True):
    """The account that a message names, or else identities by which ingest may know the account."""

    account: str | None
    known_by: tuple[str, ...] = ()

    def draft(self, name: str, *, user: str | None = None, **fields: Any) -> DraftEvent:
        """Properties without a value are left out, and those that the event catalogue refuses as well."""
        properties = known(**fields.pop("properties"))
        return DraftEvent(
            name=name,
            account_id=self.account,
            known_by=() if self.account is not None else self.known_by,
            user_id=user,
            properties=properties,
            lenient=True,
            **fields,
        )


def refused_if_undated(item: IntakeItem, times: Iterable[datetime | FieldError | None]) -> IntakeItem:
    """Refuses a message that would become an event while one of the times that it tells cannot be read."""
    errors = tuple(one for one in times if isinstance(one, FieldError))
    return replace(item, events=(), links=(), errors=errors) if errors and item.events else item


def fact_paths(usual: dict[str, tuple[str, ...]], section: SupportSection) -> dict[str, tuple[Path, ...]]:
    return {name: tuple(map(parse_path, paths)) for name, paths in {**usual, **section.facts}.items()}


def facts_in(tree: Any, paths: dict[str, tuple[Path, ...]]) -> dict[str, Any]:
    return known(**{name: first_value(tree, of_fact) for name, of_fact in paths.items()})
