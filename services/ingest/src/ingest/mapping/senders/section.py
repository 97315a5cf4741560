"""The part of mapping.yml that all webhooks have in common."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from common.documents.model import DocumentModel
from common.documents.value_types import Given
from ingest.mapping.paths import Path, first_identifier, parse_path
from ingest.mapping.value_types import Paths, SourceName


class WebhookSection(DocumentModel):
    """How the messages of one webhook become events."""

    refused: ClassVar[Mapping[str, str]] = dict.fromkeys(
        ("secret", "secrets"),
        "a secret does not belong into this file: give it by the setting INGEST_WEBHOOK_SECRETS",
    )

    usual_account: ClassVar[tuple[str, ...]] = ()
    """The paths that `account` stands for where the file does not give it."""

    sender: str
    source: SourceName = Field(description="The source of the events, and whose identities are known to them.")
    account: Given[Paths] = Field(
        None, description="Where a message may name its account; the first path with an id counts."
    )
    id_is_account: bool = Field(
        False,
        description="The sender's own id of the customer, organization or company is the id of the account, unless a "
        "path or an identity tells another (default false).",
    )

    def default_account_of(self, own_id: str | None) -> str | None:
        """The account of a customer of the sender, unless a path or an identity tells another."""
        return own_id if self.id_is_account else None

    def account_paths(self) -> tuple[Path, ...]:
        return tuple(map(parse_path, self.account or self.usual_account))

    def user_paths(self) -> Sequence[Path]:
        """The ends of the paths under which its messages have ids that your product gave its users."""
        return ()

    def account_in(self, tree: Any) -> str | None:
        """The account that a message names."""
        return first_identifier(tree, self.account_paths())
