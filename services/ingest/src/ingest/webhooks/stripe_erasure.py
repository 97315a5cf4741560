"""Deletes Stripe's records of an erased account."""

from collections.abc import Mapping

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.mapping.senders.stripe.snapshot import account_key
from ingest.schema import stripe_customer, stripe_delivery, stripe_subscription, stripe_told


async def remove_account(connection: AsyncConnection, account_id: str) -> Mapping[str, int]:
    """Deletes its customers, their subscriptions and deliveries; returns how many rows, by kind.

    The intake stores nothing of later messages.
    """
    query = select(stripe_customer.c.id).where(stripe_customer.c.account_id == account_id)
    customers = [row.id for row in await connection.execute(query)]
    keys = [account_key(account_id, ""), *(account_key(None, one) for one in customers)]
    subscription = stripe_subscription.c
    removed = 0
    for statement in (
        delete(stripe_told).where(stripe_told.c.key.in_(keys)),
        delete(stripe_subscription).where(
            or_(subscription.account_id == account_id, subscription.customer.in_(customers))
        ),
        delete(stripe_delivery).where(stripe_delivery.c.account_ids.contains([account_id])),
        delete(stripe_customer).where(stripe_customer.c.account_id == account_id),
    ):
        removed += (await connection.execute(statement)).rowcount
    return {"stripe": removed}
