"""What goes of aliases when an account is erased."""

from collections.abc import Mapping

from sqlalchemy import delete, or_
from sqlalchemy.ext.asyncio import AsyncConnection

from ingest.schema import alias


async def remove_account(connection: AsyncConnection, account_id: str) -> Mapping[str, int]:
    """The merges of the account and into it. Whoever was merged into it has to be erased too, each by itself."""
    named = or_(alias.c.account_id == account_id, alias.c.into_id == account_id)
    return {"aliases": (await connection.execute(delete(alias).where(named))).rowcount}
