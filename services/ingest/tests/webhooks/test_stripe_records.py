"""What is kept of Stripe accounts: PostgreSQL and memory keep the same promises."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal

import pytest
from sqlalchemy import text

from common.database import engine
from ingest.mapping.senders.stripe.snapshot import (
    KnownCustomer,
    KnownSubscription,
    ObjectVersion,
    StripeDecision,
    StripeSnapshot,
)
from ingest.mapping.senders.stripe.subscription import SubscriptionState
from ingest.webhooks.memory_records import MemoryStripeRecords
from ingest.webhooks.stripe_records import RecordsUnavailable, StripeRecords
from ingest.webhooks.stripe_store import StripeStore

NOON = datetime(2026, 1, 31, 12, 0, 0, 1, tzinfo=UTC)
NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"


def customer(name: str, account: str | None) -> KnownCustomer:
    return KnownCustomer(name, ObjectVersion(1), account)


def subscription(name: str, of: str, account: str | None = None, *, created: int = 1) -> KnownSubscription:
    state = SubscriptionState(
        id=name,
        customer=of,
        live=True,
        trialing=False,
        paying=True,
        leaving=False,
        currency="EUR",
        yearly=Decimal("119.99"),
        account=account,
    )
    state = state.after(state)
    return KnownSubscription(ObjectVersion(created, 2), state)


async def snapshot(
    records: StripeRecords, *, subscription: str | None = None, customer: str | None = None, webhook: str = "billing"
) -> StripeSnapshot:
    async with records.transaction(webhook) as transaction:
        return await transaction.snapshot(subscription=subscription, customer=customer, accounts=())


async def write(records: StripeRecords, message: str, decision: StripeDecision, *, webhook: str = "billing") -> None:
    async with records.transaction(webhook) as transaction:
        await transaction.write(message, StripeSnapshot({}, {}, {}), decision)


class Records:
    """What all records promise."""

    async def test_a_customer_brings_everything_of_its_account(self, records: StripeRecords) -> None:
        known = [customer("cus_1", "acme"), customer("cus_2", "acme")]
        states = [
            subscription("sub_1", "cus_1"),
            subscription("sub_2", "cus_2"),
            subscription("sub_3", "cus_3", "acme"),
        ]
        moment = {"account acme": NOON}
        await write(records, "evt_1", StripeDecision(customers=known, subscriptions=states, told=moment))
        found = await snapshot(records, customer="cus_1")
        assert {one.id for one in found.customers.values()} >= {"cus_1", "cus_2"}
        assert found.subscriptions == {one.state.id: one for one in states}
        assert found.told == moment
        assert (await snapshot(records, subscription="sub_3", customer="cus_3")).subscriptions == found.subscriptions

    async def test_a_customer_without_account_brings_its_subscriptions(self, records: StripeRecords) -> None:
        one = subscription("sub_1", "cus_1")
        await write(records, "evt_1", StripeDecision(subscriptions=[one], told={"customer cus_1": NOON}))
        found = await snapshot(records, subscription="sub_2", customer="cus_1")
        assert (found.subscriptions, found.told) == ({"sub_1": one}, {"customer cus_1": NOON})

    async def test_the_last_written_version_holds(self, records: StripeRecords) -> None:
        later = subscription("sub_1", "cus_1", created=2)
        await write(records, "evt_1", StripeDecision(subscriptions=[subscription("sub_1", "cus_1")]))
        await write(records, "evt_2", StripeDecision(subscriptions=[later]))
        assert (await snapshot(records, subscription="sub_1")).subscriptions == {"sub_1": later}

    async def test_a_message_is_known_with_the_snapshot_by_which_it_was_decided(self, records: StripeRecords) -> None:
        before = StripeSnapshot(
            {"cus_1": customer("cus_1", None)}, {"sub_1": subscription("sub_1", "cus_1")}, {"key": NOON}
        )
        async with records.transaction("billing") as transaction:
            assert await transaction.delivery("evt_1") is None
            await transaction.write("evt_1", before, StripeDecision())
        for published in (False, True):
            async with records.transaction("billing") as transaction:
                found = await transaction.delivery("evt_1")
            assert found is not None
            assert (found.snapshot, found.published) == (before, published)
            await records.published("billing", ["evt_1"])

    async def test_what_is_undone_leaves_nothing(self, records: StripeRecords) -> None:
        async def broken() -> None:
            async with records.transaction("billing") as transaction:
                await transaction.write(
                    "evt_1", StripeSnapshot({}, {}, {}), StripeDecision(customers=[customer("cus_1", "acme")])
                )
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            await broken()
        async with records.transaction("billing") as transaction:
            assert await transaction.delivery("evt_1") is None

    async def test_webhooks_know_nothing_of_each_other(self, records: StripeRecords) -> None:
        await write(records, "evt_1", StripeDecision(customers=[customer("cus_1", "acme")]), webhook="other")
        assert (await snapshot(records, customer="cus_1")).customers == {}


class TestInMemory(Records):
    @pytest.fixture
    def records(self) -> StripeRecords:
        return MemoryStripeRecords()


@pytest.mark.servers
class TestInPostgres(Records):
    @pytest.fixture
    async def records(self, database: str) -> AsyncIterator[StripeRecords]:
        connected = engine(database, pool_size=2)
        yield StripeStore(connected)
        await connected.dispose()

    async def test_messages_of_one_webhook_are_decided_one_after_the_other(self, database: str) -> None:
        """Two subscriptions of one account change at once: the second sum has both."""
        connected = engine(database, pool_size=2)
        records = StripeStore(connected)
        seen = []

        async def change(name: str) -> None:
            async with records.transaction("billing") as transaction:
                found = await transaction.snapshot(subscription=name, customer="cus_1", accounts=())
                seen.append(set(found.subscriptions))
                await asyncio.sleep(0.05)
                one = subscription(name, "cus_1")
                await transaction.write(f"evt_{name}", found, StripeDecision(subscriptions=[one]))

        await asyncio.gather(change("sub_1"), change("sub_2"))
        await connected.dispose()
        assert sorted(map(len, seen)) == [0, 1]

    async def test_old_messages_are_forgotten(self, database: str) -> None:
        connected = engine(database, pool_size=2)
        records = StripeStore(connected)
        await write(records, "evt_1", StripeDecision())
        async with connected.begin() as connection:
            old = "UPDATE ingest.stripe_delivery SET decided_at = now() - interval '36 days'"
            await connection.execute(text(old))
        await write(records, "evt_2", StripeDecision())
        await records.published("billing", ["evt_2"])
        async with connected.connect() as connection:
            left = await connection.execute(text("SELECT message_id FROM ingest.stripe_delivery"))
            assert list(left.scalars()) == ["evt_2"]
        await connected.dispose()


async def test_postgres_that_is_away_is_told() -> None:
    away = engine(NOWHERE, connect_timeout=0.2)
    with pytest.raises(RecordsUnavailable):
        await snapshot(StripeStore(away), customer="cus_1")
    await away.dispose()
