"""The records of Stripe, in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

import msgspec
from sqlalchemy import (
    Row,
    Table,
    or_,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database_errors import DATABASE_ERRORS, error_text
from ingest import schema
from ingest.mapping.senders.stripe.snapshot import (
    KnownCustomer,
    KnownSubscription,
    ObjectVersion,
    StripeDecision,
    StripeSnapshot,
    account_key,
)
from ingest.mapping.senders.stripe.subscription import SubscriptionState
from ingest.webhooks.stripe_records import RecordsUnavailable, StripeDelivery

_TIMEOUT: Final = 3.0  # seconds
# Stripe repeats a message for three days by itself, and for thirty on request.
_FORGET: Final = text(
    """
    DELETE FROM ingest.stripe_delivery WHERE (webhook, message_id) IN (
        SELECT webhook, message_id FROM ingest.stripe_delivery
        WHERE decided_at < now() - interval '35 days' ORDER BY decided_at LIMIT 100
    )
    """
)
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('stripe webhook ' || :webhook, 0))")


class StripeStore:
    """The tables `stripe_*`, in transactions that last until a message is decided."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    @asynccontextmanager
    async def transaction(self, webhook: str) -> AsyncIterator["PostgresTransaction"]:
        async with self._connection() as connection:
            # One transaction at a time: two subscriptions of an account may change at once, and a sum needs both.
            await connection.execute(_LOCK, {"webhook": webhook})
            yield PostgresTransaction(connection, webhook)

    async def published(self, webhook: str, message_ids: Sequence[str]) -> None:
        columns = schema.stripe_delivery.c
        mark = update(schema.stripe_delivery).where(columns.webhook == webhook, columns.message_id.in_(message_ids))
        async with self._connection() as connection:
            await connection.execute(mark.values(published=True))
            await connection.execute(_FORGET)

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with asyncio.timeout(_TIMEOUT), self._engine.begin() as connection:
                yield connection
        except DATABASE_ERRORS as error:
            raise RecordsUnavailable(error_text(error)) from error


class PostgresTransaction:
    """One message of one webhook."""

    def __init__(self, connection: AsyncConnection, webhook: str) -> None:
        self._connection = connection
        self._webhook = webhook

    async def delivery(self, message_id: str) -> StripeDelivery | None:
        columns = schema.stripe_delivery.c
        query = select(columns.body, columns.published).where(
            columns.webhook == self._webhook, columns.message_id == message_id
        )
        row = (await self._connection.execute(query)).first()
        if row is None:
            return None
        return StripeDelivery(msgspec.json.decode(row.body, type=StripeSnapshot), row.published)

    async def snapshot(
        self, *, subscription: str | None, customer: str | None, accounts: Collection[str]
    ) -> StripeSnapshot:
        known = await self._read(subscription, customer, set(accounts))
        owners = {one.account for one in known.customers.values() if one.account is not None}
        owners |= {one.state.account for one in known.subscriptions.values() if one.state.account is not None}
        if not owners <= set(accounts):
            # A second read, because the accounts may have other customers.
            known = await self._read(subscription, customer, owners.union(accounts))
        ids = set(known.customers) | ({customer} if customer is not None else set())
        keys = [account_key(account, "") for account in owners.union(accounts, ids)]
        keys += [account_key(None, one) for one in ids]
        return StripeSnapshot(known.customers, known.subscriptions, await self._told(keys))

    async def write(self, message_id: str, snapshot: StripeSnapshot, decision: StripeDecision) -> None:
        for customer in decision.customers:
            await self._upsert(schema.stripe_customer, _customer_row(customer), ["id"])
        for subscription in decision.subscriptions:
            await self._upsert(schema.stripe_subscription, _subscription_row(subscription), ["id"])
        for key, at in decision.told.items():
            await self._upsert(schema.stripe_told, {"key": key, "at": at}, ["key"])
        row = {
            "message_id": message_id,
            "account_ids": sorted(_accounts(snapshot, decision)),
            "body": msgspec.json.encode(snapshot),
        }
        await self._connection.execute(insert(schema.stripe_delivery).values(webhook=self._webhook, **row))

    async def _read(self, subscription: str | None, customer: str | None, accounts: Collection[str]) -> StripeSnapshot:
        columns = schema.stripe_customer.c
        query = select(schema.stripe_customer).where(
            columns.webhook == self._webhook, or_(columns.id == customer, columns.account_id.in_(accounts))
        )
        customers = {row.id: _customer(row) for row in await self._connection.execute(query)}
        columns = schema.stripe_subscription.c
        of_customers = columns.customer.in_({*customers, customer} - {None})
        query = select(schema.stripe_subscription).where(
            columns.webhook == self._webhook,
            or_(columns.id == subscription, of_customers, columns.account_id.in_(accounts)),
        )
        subscriptions = {row.id: _subscription(row) for row in await self._connection.execute(query)}
        return StripeSnapshot(customers, subscriptions, {})

    async def _told(self, keys: Sequence[str]) -> Mapping[str, datetime]:
        columns = schema.stripe_told.c
        query = select(columns.key, columns.at).where(columns.webhook == self._webhook, columns.key.in_(keys))
        return {row.key: row.at for row in await self._connection.execute(query)}

    async def _upsert(self, table: Table, row: Mapping[str, Any], key: Sequence[str]) -> None:
        statement = insert(table).values(webhook=self._webhook, **row)
        changed = {name: statement.excluded[name] for name in row if name not in key}
        await self._connection.execute(statement.on_conflict_do_update(index_elements=["webhook", *key], set_=changed))


def _accounts(snapshot: StripeSnapshot, decision: StripeDecision) -> set[str]:
    """All accounts that a delivery names; an erasure finds the row by them."""
    named = {one.account_id for one in decision.events}
    named |= {one.account for one in snapshot.customers.values()}
    named |= {one.state.account for one in snapshot.subscriptions.values()}
    return {one for one in named if one is not None}


def _customer(row: Row[Any]) -> KnownCustomer:
    return KnownCustomer(row.id, ObjectVersion(row.created, row.stage), row.account_id)


def _subscription(row: Row[Any]) -> KnownSubscription:
    state = msgspec.json.decode(row.body, type=SubscriptionState)
    return KnownSubscription(ObjectVersion(row.created, row.stage), state)


def _customer_row(one: KnownCustomer) -> dict[str, Any]:
    return {"id": one.id, "account_id": one.account, "created": one.version.created, "stage": one.version.stage}


def _subscription_row(one: KnownSubscription) -> dict[str, Any]:
    return {
        "id": one.state.id,
        "customer": one.state.customer,
        "account_id": one.state.account,
        "created": one.version.created,
        "stage": one.version.stage,
        "body": msgspec.json.encode(one.state),
    }
