"""Deletes the aliases of an erased account."""

from collections.abc import Mapping

from sqlalchemy import delete, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.schema import alias


async def remove_account(connection: AsyncConnection, account_id: str) -> Mapping[str, int]:
    """Deletes the merges of this account and into it; returns how many. Accounts merged into it stay as they are."""
    named = or_(alias.c.account_id == account_id, alias.c.into_id == account_id)
    return {"aliases": (await connection.execute(delete(alias).where(named))).rowcount}
