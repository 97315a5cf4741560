"""The records of Stripe in memory, for tests; keeps the contract of `StripeStore`."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import asynccontextmanager
from copy import copy
from datetime import datetime

from msgspec.structs import replace

from ingest.mapping.senders.stripe.snapshot import KnownCustomer, KnownSubscription, StripeDecision, StripeSnapshot
from ingest.webhooks.stripe_records import RecordsUnavailable, StripeDelivery


class MemoryStripeRecords:
    """`away` makes every call fail."""

    def __init__(self) -> None:
        self._webhooks: dict[str, MemoryTransaction] = {}
        self.away = False

    @asynccontextmanager
    async def transaction(self, webhook: str) -> AsyncIterator["MemoryTransaction"]:
        self._check()
        changed = copy(self._webhooks.get(webhook) or MemoryTransaction())
        yield changed
        self._check()
        self._webhooks[webhook] = changed

    async def published(self, webhook: str, message_ids: Sequence[str]) -> None:
        self._check()
        deliveries = self._webhooks[webhook].deliveries
        for one in message_ids:
            if one in deliveries:
                deliveries[one] = replace(deliveries[one], published=True)

    def _check(self) -> None:
        if self.away:
            raise RecordsUnavailable("away")


class MemoryTransaction:
    """The records of one webhook."""

    def __init__(self) -> None:
        self.customers: dict[str, KnownCustomer] = {}
        self.subscriptions: dict[str, KnownSubscription] = {}
        self.told: dict[str, datetime] = {}
        self.deliveries: dict[str, StripeDelivery] = {}

    def __copy__(self) -> "MemoryTransaction":
        other = MemoryTransaction()
        other.customers, other.subscriptions = dict(self.customers), dict(self.subscriptions)
        other.told, other.deliveries = dict(self.told), dict(self.deliveries)
        return other

    async def delivery(self, message_id: str) -> StripeDelivery | None:
        return self.deliveries.get(message_id)

    async def snapshot(
        self, *, subscription: str | None, customer: str | None, accounts: Collection[str]
    ) -> StripeSnapshot:
        """All records: more than was asked for does no harm."""
        return StripeSnapshot(dict(self.customers), dict(self.subscriptions), dict(self.told))

    async def write(self, message_id: str, snapshot: StripeSnapshot, decision: StripeDecision) -> None:
        self.customers |= {one.id: one for one in decision.customers}
        self.subscriptions |= {one.state.id: one for one in decision.subscriptions}
        self.told |= decision.told
        self.deliveries[message_id] = StripeDelivery(snapshot, published=False)
