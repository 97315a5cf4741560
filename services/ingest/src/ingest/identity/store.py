"""The identities that messages of SDKs and webhooks taught, in PostgreSQL."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager

from sqlalchemy import Text, any_, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine
from sqlalchemy.sql.expression import bindparam

from common.database_errors import DATABASE_ERRORS, error_text
from ingest.identity.known import IdentitiesUnavailable, KnownAccount
from ingest.schema import identity

_READ = select(identity.c.id, identity.c.account_id, identity.c.at).where(
    identity.c.space == bindparam("space"), identity.c.id == any_(bindparam("ids", type_=ARRAY(Text)))
)
_TIMEOUT = 3.0  # seconds


class IdentityStore:
    """Identities by space: the name of a set of identities, or of the source that shares none."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def read(self, space: str, ids: Collection[str]) -> Mapping[str, KnownAccount]:
        """The accounts of the known ids. Raises `IdentitiesUnavailable`."""
        async with self._transaction() as connection:
            rows = await connection.execute(_READ, {"space": space, "ids": list(ids)})
            return {row.id: KnownAccount(row.account_id, row.at) for row in rows}

    async def write(self, space: str, learned: Mapping[str, KnownAccount]) -> None:
        """Stores identities; a stored one with a later `at` stays. Raises `IdentitiesUnavailable`."""
        # In one order, so that two requests that write the same identities cannot deadlock.
        rows = [
            {"space": space, "id": one, "account_id": known.account_id, "at": known.at}
            for one, known in sorted(learned.items())
        ]
        statement = insert(identity)
        new = statement.excluded
        upsert = statement.on_conflict_do_update(
            index_elements=[identity.c.space, identity.c.id],
            set_={"account_id": new.account_id, "at": new.at},
            where=new.at >= identity.c.at,
        )
        async with self._transaction() as connection:
            await connection.execute(upsert, rows)

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[AsyncConnection]:
        try:
            async with asyncio.timeout(_TIMEOUT), self._engine.begin() as connection:
                yield connection
        except DATABASE_ERRORS as error:
            raise IdentitiesUnavailable(error_text(error)) from error
