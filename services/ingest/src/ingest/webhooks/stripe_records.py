"""The port to what is kept of Stripe accounts, because each message tells of one of its objects only."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from ingest.mapping.senders.stripe.snapshot import StripeDecision, StripeSnapshot


class RecordsUnavailable(Exception):
    """They cannot be read or written: answer 503, for a sum without them would be wrong."""


class StripeDelivery(Struct, frozen=True):
    """A message that came before: what was known then, by which it becomes the same again. No text of it is kept.

    `published`: what it became is on the log.
    """

    snapshot: StripeSnapshot
    published: bool


class StripeTransaction(Protocol):
    """One message of one webhook at a time; all that is written stands together or not at all."""

    async def delivery(self, message_id: str) -> StripeDelivery | None: ...

    async def snapshot(
        self, *, subscription: str | None, customer: str | None, accounts: Collection[str]
    ) -> StripeSnapshot:
        """These two, and everything of the accounts that they had, and of `accounts`."""

    async def write(self, message_id: str, snapshot: StripeSnapshot, decision: StripeDecision) -> None:
        """The decision, and the snapshot by which it was made."""


class StripeRecords(Protocol):
    def transaction(self, webhook: str) -> AbstractAsyncContextManager[StripeTransaction]:
        """Raises `RecordsUnavailable`, also from the methods of the transaction."""

    async def published(self, webhook: str, message_ids: Sequence[str]) -> None:
        """These messages are on the log: if they come again, nothing is to be done. Raises `RecordsUnavailable`."""
