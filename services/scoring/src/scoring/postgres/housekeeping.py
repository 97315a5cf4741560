"""The statements of housekeeping. Each is a transaction of its own, of a bounded number of rows."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from scoring.postgres.connection import connect
from scoring.postgres.people import KEPT
from scoring.postgres.schema import OF_TICKET
from scoring.worker.housekeeping.journal import Mark, MergeStep
from scoring.worker.housekeeping.seen import ID, Blob, BlobRun, Key

# Every transaction locks its own virtual id from before its first snapshot until its end, and every role may see that.
# Sessions without a user (autovacuum) write no journal.
_OPEN_TRANSACTIONS = """
SELECT held.virtualtransaction, held.pid
FROM pg_locks AS held JOIN pg_stat_activity AS session ON session.pid = held.pid
WHERE held.locktype = 'virtualxid' AND held.virtualxid = held.virtualtransaction AND held.pid <> pg_backend_pid()
  AND session.usesysid IS NOT NULL
  AND session.datid = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

# One statement, but in this order: its snapshot, which shows the newest row, is older than its reading of the locks. A
# transaction that begins later has a younger snapshot, so it sees that row.
_MARK = f"""
SELECT (SELECT max(seq) FROM scoring.journal WHERE partition = :partition) AS seq,
       ARRAY(SELECT virtualtransaction FROM ({_OPEN_TRANSACTIONS}) AS others) AS open
"""

_STILL_OPEN = f"""
SELECT virtualtransaction, pid FROM ({_OPEN_TRANSACTIONS}) AS others WHERE virtualtransaction = ANY(:transactions)
"""

_MERGE_JOURNAL = """
WITH read AS (
    SELECT seq, hour, lead(hour) OVER (ORDER BY seq) AS next
    FROM (SELECT seq, floor(newest / 3600) AS hour FROM scoring.journal
          WHERE partition = :partition AND seq >= :first AND seq <= :below ORDER BY seq LIMIT :batch_rows) AS one
), deletable AS (
    SELECT seq, next = hour AS merged FROM read WHERE seq > 0 AND next IS NOT NULL AND (next = hour OR hour < :floor)
), deleted AS (
    DELETE FROM scoring.journal WHERE partition = :partition AND seq = ANY(ARRAY(SELECT seq FROM deletable))
    RETURNING seq
)
SELECT (SELECT count(*) FROM read) AS rows, (SELECT max(seq) FROM read) AS last,
       count(*) FILTER (WHERE merged) AS merged, count(*) FILTER (WHERE NOT merged) AS pruned
FROM deleted JOIN deletable USING (seq)
"""

_BLOBS = f"""
SELECT hour, seq, octet_length(ids) / {ID} AS ids FROM scoring.seen
WHERE partition = :partition AND (hour, seq) < (:hour, :seq) ORDER BY hour DESC, seq DESC LIMIT :limit
"""

# It writes the rows that it deletes. If another session has deleted some of them, NULL in the key undoes everything.
_MERGE_SEEN = """
WITH deleted AS (
    DELETE FROM scoring.seen WHERE partition = :partition AND hour = :hour AND seq BETWEEN :first AND :last
    RETURNING seq, ids
)
INSERT INTO scoring.seen (partition, hour, seq, ids)
SELECT CAST(:partition AS smallint), CAST(:hour AS integer), CASE WHEN count(*) = :rows THEN max(seq) END,
       string_agg(ids, '' ORDER BY seq)
FROM deleted
"""

_FORGET_SEEN = """
WITH deleted AS (
    DELETE FROM scoring.seen WHERE (partition, hour, seq) IN (
        SELECT partition, hour, seq FROM scoring.seen
        WHERE partition = :partition AND (hour, seq) <= (:hour, :seq) ORDER BY hour, seq LIMIT :limit)
    RETURNING 1
)
SELECT count(*) FROM deleted
"""

_ACCOUNTS = """
SELECT account_id FROM scoring.account
WHERE partition = :partition AND account_id > :after ORDER BY account_id LIMIT :limit
"""

# SKIP LOCKED: it never waits for a commit, and leaves rows that are locked to the next round.
_FORGET_DAYS = """
WITH deleted AS (
    DELETE FROM scoring.day WHERE (account_id, day) IN (
        SELECT account_id, day FROM scoring.day
        WHERE account_id = ANY(:accounts) AND day < :before LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT count(*) FROM deleted
"""

_FORGET_SIGNALS = """
WITH deleted AS (
    DELETE FROM scoring.signal WHERE signal_id IN (
        SELECT signal_id FROM scoring.signal
        WHERE account_id = ANY(:accounts) AND at < :before LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT count(*) FROM deleted
"""

_FORGET_TICKETS = f"""
WITH deleted AS (
    DELETE FROM scoring.kpi_entry WHERE (partition, seq, n) IN (
        SELECT partition, seq, n FROM scoring.kpi_entry
        WHERE account_id = ANY(:accounts) AND at < :before AND {OF_TICKET} LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT count(*) FROM deleted
"""

_FORGET_WORDS = """
WITH cleared AS (
    UPDATE scoring.kpi_entry SET words = NULL WHERE (partition, seq, n) IN (
        SELECT partition, seq, n FROM scoring.kpi_entry
        WHERE account_id = ANY(:accounts) AND at < :before AND words IS NOT NULL LIMIT :limit FOR UPDATE SKIP LOCKED)
    RETURNING 1
)
SELECT count(*) FROM cleared
"""

# A person who was seen since the ranking keeps the row: the comparison is made again once the row is locked.
_FORGET_PEOPLE = """
WITH ranked AS (
    SELECT account_id, user_id, last_seen,
           row_number() OVER (PARTITION BY account_id ORDER BY last_seen DESC, user_id COLLATE "C") AS rank
    FROM scoring.person WHERE account_id = ANY(:accounts)
), deleted AS (
    DELETE FROM scoring.person WHERE (account_id, user_id) IN (
        SELECT one.account_id, one.user_id FROM scoring.person AS one JOIN ranked USING (account_id, user_id)
        WHERE ranked.rank > :kept AND one.last_seen = ranked.last_seen LIMIT :limit FOR UPDATE OF one SKIP LOCKED)
    RETURNING 1
)
SELECT count(*) FROM deleted
"""


class PostgresHousekeepingStore:
    """Raises as the store does. It needs an engine of its own, so that scoring never waits for a connection."""

    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        """`patience` is the most that one call may take, in seconds."""
        self._engine = engine.execution_options(isolation_level="AUTOCOMMIT")
        self._patience = patience

    async def mark(self, partition: int) -> Mark | None:
        row = (await self._rows(_MARK, partition=partition))[0]
        return None if row.seq is None else Mark(row.seq, frozenset(row.open))

    async def still_open(self, transactions: Collection[str]) -> dict[str, int]:
        rows = await self._rows(_STILL_OPEN, transactions=list(transactions))
        return {row.virtualtransaction: row.pid for row in rows}

    async def merge_journal(self, partition: int, *, first: int, below: int, floor: int, batch_rows: int) -> MergeStep:
        rows = await self._rows(
            _MERGE_JOURNAL, partition=partition, first=first, below=below, floor=float(floor), batch_rows=batch_rows
        )
        row = rows[0]
        return MergeStep(rows=row.rows, last=row.last or first, merged=row.merged, pruned=row.pruned)

    async def blobs(self, partition: int, *, before: Key, limit: int) -> list[Blob]:
        rows = await self._rows(_BLOBS, partition=partition, hour=before[0], seq=before[1], limit=limit)
        return [Blob(hour=row.hour, seq=row.seq, ids=row.ids) for row in rows]

    async def merge_seen(self, partition: int, run: BlobRun) -> None:
        values = {"partition": partition, "hour": run.hour, "first": run.first, "last": run.last, "rows": run.rows}
        async with connect(self._engine, patience=self._patience) as connection:
            await connection.execute(text(_MERGE_SEEN), values)

    async def delete_seen(self, partition: int, *, through: Key, limit: int) -> int:
        return await self._count(_FORGET_SEEN, partition=partition, hour=through[0], seq=through[1], limit=limit)

    async def account_ids(self, partition: int, *, after: str, limit: int) -> list[str]:
        rows = await self._rows(_ACCOUNTS, partition=partition, after=after, limit=limit)
        return [row.account_id for row in rows]

    async def delete_days(self, account_ids: Sequence[str], *, before: date, limit: int) -> int:
        return await self._count(_FORGET_DAYS, accounts=list(account_ids), before=before, limit=limit)

    async def delete_signals(self, account_ids: Sequence[str], *, before: float, limit: int) -> int:
        return await self._count(_FORGET_SIGNALS, accounts=list(account_ids), before=before, limit=limit)

    async def delete_tickets(self, account_ids: Sequence[str], *, before: float, limit: int) -> int:
        return await self._count(_FORGET_TICKETS, accounts=list(account_ids), before=before, limit=limit)

    async def delete_words(self, account_ids: Sequence[str], *, before: float, limit: int) -> int:
        return await self._count(_FORGET_WORDS, accounts=list(account_ids), before=before, limit=limit)

    async def delete_people(self, account_ids: Sequence[str], *, limit: int) -> int:
        return await self._count(_FORGET_PEOPLE, accounts=list(account_ids), kept=KEPT, limit=limit)

    async def _count(self, statement: str, **values: Any) -> int:
        return int((await self._rows(statement, **values))[0][0])

    async def _rows(self, statement: str, **values: Any) -> Sequence[Any]:
        async with connect(self._engine, patience=self._patience) as connection:
            found: Sequence[Any] = (await connection.execute(text(statement), values)).all()
            return found
