"""The tables of rankings: the refresher holds a connection and an advisory lock while it makes one."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from sqlalchemy import Double, Text, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database_errors import DATABASE_ERRORS, DatabaseUnavailable, error_text
from scoring.postgres.snapshot import StateRow

# Ends the lock of a process that hangs, or whose host is gone.
_SESSION_TIMEOUT = "SET idle_session_timeout = '60s'"
_LOCK = "SELECT pg_try_advisory_lock(hashtextextended('scoring ranking', 0)) AS ours"
_UNLOCK = "SELECT pg_advisory_unlock(hashtextextended('scoring ranking', 0))"

_NEWEST = "SELECT max(ended) AS ended FROM scoring.finished_ranking"
_BEGIN = "SELECT nextval('scoring.ranking_id') AS ranking_id"
# Merged accounts have no rank. Not a join: a chunk must not read the whole table of accounts.
_STATES = """
SELECT account_id, partition, body FROM scoring.state WHERE account_id > :after
AND (SELECT merged_into FROM scoring.account WHERE account.account_id = state.account_id) IS NULL
ORDER BY account_id LIMIT :limit
"""
_WRITE = text("""
INSERT INTO scoring.ranking (account_id, ranking_id, score)
SELECT account_id, CAST(:ranking_id AS bigint), score FROM unnest(:accounts, :scores) AS new (account_id, score)
""").bindparams(bindparam("accounts", type_=ARRAY(Text)), bindparam("scores", type_=ARRAY(Double)))

# Without statistics the planner takes the ranking for empty, and sorts all of it for one page.
_ANALYZE = "ANALYZE scoring.ranking"
_FINISH = """
INSERT INTO scoring.finished_ranking (ranking_id, as_of, begun, ended) VALUES (:ranking_id, :as_of, :begun, :ended)
"""
# Clients that began a walk at that moment still read the ranking that was the newest then.
_RETIRE = """
DELETE FROM scoring.finished_ranking WHERE ranking_id < (
    SELECT max(ranking_id) FROM scoring.finished_ranking WHERE ended <= :before)
"""
# This also deletes rankings that were never finished, once a newer one is.
_DELETE_RETIRED = """
WITH deleted AS (
    DELETE FROM scoring.ranking WHERE (account_id, ranking_id) IN (
        SELECT account_id, ranking_id FROM scoring.ranking
        WHERE ranking_id < (SELECT min(ranking_id) FROM scoring.finished_ranking)
        ORDER BY ranking_id, score, account_id LIMIT :limit)
    RETURNING 1
)
SELECT count(*) AS rows FROM deleted
"""


class PostgresRankingWriter:
    """Writes rankings under the lock. Each call is a transaction of a bounded number of rows."""

    def __init__(self, connection: AsyncConnection, *, patience: float) -> None:
        self._connection = connection
        self._patience = patience

    async def last_finished_at(self) -> float | None:
        """Seconds since the epoch; None if there is no ranking."""
        return (await self._rows(_NEWEST))[0].ended  # type: ignore[no-any-return]

    async def begin(self) -> int:
        """The number of a new ranking, above all earlier ones."""
        return int((await self._rows(_BEGIN))[0].ranking_id)

    async def states(self, *, after: str, limit: int) -> list[StateRow]:
        """The next ones, by account id."""
        rows = await self._rows(_STATES, after=after, limit=limit)
        return [StateRow(row.account_id, row.partition, row.body) for row in rows]

    async def write(self, ranking_id: int, scores: Mapping[str, float]) -> None:
        values = {"ranking_id": ranking_id, "accounts": list(scores), "scores": list(scores.values())}
        async with asyncio.timeout(self._patience):
            await self._connection.execute(_WRITE, values)

    async def finish(self, ranking_id: int, *, as_of: float, begun: float, ended: float) -> None:
        """Makes the ranking visible to readers."""
        await self._execute(_ANALYZE)
        await self._execute(_FINISH, ranking_id=ranking_id, as_of=as_of, begun=begun, ended=ended)

    async def retire(self, *, before: float) -> None:
        """Hides rankings that were replaced before `before` (seconds since the epoch)."""
        await self._execute(_RETIRE, before=before)

    async def delete_retired(self, *, limit: int) -> int:
        """Deletes rows of rankings that no page is read from; how many."""
        return int((await self._rows(_DELETE_RETIRED, limit=limit))[0].rows)

    async def _execute(self, statement: str, **values: Any) -> None:
        async with asyncio.timeout(self._patience):
            await self._connection.execute(text(statement), values)

    async def _rows(self, statement: str, **values: Any) -> Sequence[Any]:
        async with asyncio.timeout(self._patience):
            found: Sequence[Any] = (await self._connection.execute(text(statement), values)).all()
            return found


class PostgresRankingStore:
    """It needs an engine of its own: a ranking holds a connection until it is finished."""

    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        """`patience` is the most that one call may take, in seconds."""
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._patience = patience

    @asynccontextmanager
    async def exclusive_writer(self) -> AsyncIterator[PostgresRankingWriter | None]:
        """None while another process makes a ranking. Raises `DatabaseUnavailable`."""
        try:
            async with self._engine.connect() as connection:
                if not await self._lock(connection):
                    yield None
                    return
                try:
                    yield PostgresRankingWriter(connection, patience=self._patience)
                finally:
                    await self._unlock(connection)
        except DATABASE_ERRORS as error:
            raise DatabaseUnavailable(error_text(error)) from error

    async def _lock(self, connection: AsyncConnection) -> bool:
        async with asyncio.timeout(self._patience):
            await connection.execute(text(_SESSION_TIMEOUT))
            return bool((await connection.execute(text(_LOCK))).scalar_one())

    async def _unlock(self, connection: AsyncConnection) -> None:
        try:
            async with asyncio.timeout(self._patience):
                await connection.execute(text(_UNLOCK))
        except DATABASE_ERRORS:
            # The lock belongs to the session and ends with it.
            await connection.invalidate()
