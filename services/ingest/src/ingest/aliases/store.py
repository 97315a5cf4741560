"""The aliases of merged accounts, as PostgreSQL keeps them."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime

from msgspec import Struct
from sqlalchemy import Text, delete, func, select, text
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.expression import bindparam

from common.database_errors import DATABASE_ERRORS, error_text
from ingest.aliases.merge import MOST_ALIASES, Alias, AliasesUnavailable, DecidedMerges, Merge, decide_merges
from ingest.schema import alias

_TIMEOUT = 5.0  # seconds

# Two merges at once could make a circle that neither sees, so merges wait for each other. Readers do not wait.
_LOCK = text("LOCK TABLE ingest.alias IN SHARE ROW EXCLUSIVE MODE")
_VERSION = select(func.count().label("rows"), func.max(alias.c.changed).label("changed"))
_ALL = select(alias.c.account_id, alias.c.into_id, alias.c.at).order_by(alias.c.changed).limit(MOST_ALIASES)
_CHAINS = text("""
WITH RECURSIVE chain (account_id, into_id, at) AS (
    SELECT account_id, into_id, at FROM ingest.alias WHERE account_id = ANY(:accounts)
    UNION
    SELECT next.account_id, next.into_id, next.at
    FROM chain JOIN ingest.alias AS next ON next.account_id = chain.into_id
)
SELECT account_id, into_id, at FROM chain
""").bindparams(bindparam("accounts", type_=ARRAY(Text)))


class AliasesVersion(Struct, frozen=True):
    """Changes whenever the aliases change. `rows` counts all, also those beyond `MOST_ALIASES`."""

    rows: int
    changed: datetime | None


class StoredAliases(Struct, frozen=True):
    version: AliasesVersion
    aliases: Mapping[str, Alias]


class ListedAlias(Struct, frozen=True):
    """An alias, and the source and id of the event `account.merged` that made it."""

    account_id: str
    into: str
    at: datetime
    source: str
    event_id: str


class AliasStore:
    """Every method raises `AliasesUnavailable` if PostgreSQL does not answer."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, known: AliasesVersion | None) -> StoredAliases | None:
        """All aliases, at most `MOST_ALIASES`; None if they are still those of the version."""
        async with self._transaction() as connection:
            row = (await connection.execute(_VERSION)).one()
            version = AliasesVersion(row.rows, row.changed)
            if version == known:
                return None
            rows = await connection.execute(_ALL)
            return StoredAliases(version, {row.account_id: Alias(row.into_id, row.at) for row in rows})

    async def merge(self, merges: Sequence[Merge]) -> DecidedMerges:
        """Decides merges under a lock, and returns when the taken ones are stored."""
        async with self._transaction() as connection:
            await connection.execute(_LOCK)
            accounts = sorted({one.account_id for one in merges} | {one.alias.into for one in merges})
            rows = await connection.execute(_CHAINS, {"accounts": accounts})
            stored = {row.account_id: Alias(row.into_id, row.at) for row in rows}
            count = await connection.scalar(select(func.count()).select_from(alias)) or 0
            decided = decide_merges(stored, merges, room=max(0, MOST_ALIASES - count))
            if decided.written:
                await _write(connection, decided.written)
        return decided

    async def page(self, *, after: str, limit: int, account_id: str | None = None) -> Sequence[ListedAlias]:
        """Aliases in the order of account ids, after `after`; with `account_id` only merges from it or into it."""
        columns = (alias.c.account_id, alias.c.into_id, alias.c.at, alias.c.source, alias.c.event_id)
        query = select(*columns).where(alias.c.account_id > after)
        if account_id is not None:
            query = query.where((alias.c.account_id == account_id) | (alias.c.into_id == account_id))
        async with self._transaction() as connection:
            rows = await connection.execute(query.order_by(alias.c.account_id).limit(limit))
            return [ListedAlias(*row) for row in rows]

    async def remove(self, account_id: str) -> bool:
        """Deletes the alias of an account; returns whether there was one."""
        async with self._transaction() as connection:
            done = await connection.execute(delete(alias).where(alias.c.account_id == account_id))
            return done.rowcount > 0

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with asyncio.timeout(_TIMEOUT), self._engine.begin() as connection:
                yield connection
        except DATABASE_ERRORS as error:
            raise AliasesUnavailable(error_text(error)) from error


async def _write(connection: AsyncConnection, merges: Mapping[str, Merge]) -> None:
    statement = insert(alias)
    new = statement.excluded
    upsert = statement.on_conflict_do_update(
        index_elements=[alias.c.account_id],
        set_={
            "into_id": new.into_id,
            "at": new.at,
            "source": new.source,
            "event_id": new.event_id,
            "changed": func.clock_timestamp(),
        },
    )
    rows = [
        {
            "account_id": account_id,
            "into_id": merge.alias.into,
            "at": merge.alias.at,
            "source": merge.source,
            "event_id": merge.event_id,
        }
        for account_id, merge in merges.items()
    ]
    await connection.execute(upsert, rows)
