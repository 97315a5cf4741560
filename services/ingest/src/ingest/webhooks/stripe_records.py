"""The port to the records of Stripe. They are needed because each message tells of one object only."""

from collections.abc import Collection, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from msgspec import Struct

from ingest.mapping.senders.stripe.snapshot import StripeDecision, StripeSnapshot


class RecordsUnavailable(Exception):
    """The records cannot be read or written: answer 503, because a sum without them would be wrong."""


class StripeDelivery(Struct, frozen=True):
    """A message that came before, with its snapshot, so that it becomes the same events again. It has no texts.

    `published`: Kafka has the events.
    """

    snapshot: StripeSnapshot
    published: bool


class StripeTransaction(Protocol):
    """One message of one webhook at a time; all writes are committed together or not at all."""

    async def delivery(self, message_id: str) -> StripeDelivery | None: ...

    async def snapshot(
        self, *, subscription: str | None, customer: str | None, accounts: Collection[str]
    ) -> StripeSnapshot:
        """The subscription, the customer, and all records of their accounts and of `accounts`."""

    async def write(self, message_id: str, snapshot: StripeSnapshot, decision: StripeDecision) -> None:
        """Stores the decision, and the snapshot by which it was made."""


class StripeRecords(Protocol):
    def transaction(self, webhook: str) -> AbstractAsyncContextManager[StripeTransaction]:
        """Raises `RecordsUnavailable`, also from the methods of the transaction."""

    async def published(self, webhook: str, message_ids: Sequence[str]) -> None:
        """Notes that Kafka has the events of these messages. Raises `RecordsUnavailable`."""
