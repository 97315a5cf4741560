"""What the webhooks of help desks have in common."""

from typing import Annotated, Any

from pydantic import Field

from common.documents.value_types import text
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


def fact_paths(usual: dict[str, tuple[str, ...]], section: SupportSection) -> dict[str, tuple[Path, ...]]:
    return {name: tuple(map(parse_path, paths)) for name, paths in {**usual, **section.facts}.items()}


def facts_in(tree: Any, paths: dict[str, tuple[Path, ...]]) -> dict[str, Any]:
    return known(**{name: first_value(tree, of_fact) for name, of_fact in paths.items()})
