"""The table of KPI entries: what a commit adds to it, and how it is read in the order of the log."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from sqlalchemy import ARRAY, BigInteger, Double, LargeBinary, Text, text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import connected
from common.erasures.substitutes import ACCOUNT_SUBSTITUTE
from scoring.kpis.entry_log import StoredEntry
from scoring.kpis.entry_source import EntryPlace, NewestEntries
from scoring.partition.kpi_entries import ACCOUNT_ERASED, KpiEntry
from scoring.postgres.schema import OF_KPIS, OF_TICKET

STATEMENT: Final = """
kpi_entries AS (
    INSERT INTO scoring.kpi_entry (partition, seq, n, account_id, name, at, known_at, key, person, body, words)
    SELECT :partition, :last + 1, ordinality - 1, account_id, name, at, known_at, key, person, body::json, words
    FROM unnest(:kpi_accounts, :kpi_names, :kpi_ats, :kpi_known_ats, :kpi_keys, :kpi_people, :kpi_bodies, :kpi_words)
         WITH ORDINALITY AS new (account_id, name, at, known_at, key, person, body, words, ordinality)
)"""

# Amounts and dates stay, so that past figures do: in a table of their own, under an id and people that nobody can find
# again. Tickets, words and what an answer was about go. From the erasure on the account is no customer. The id is the
# one by which other accounts name it from now on. The salt is drawn once, because a CTE is evaluated once. If a rebuild
# without the table of the erased reads the record again, the first rows stay.
ERASE_ACCOUNT: Final = f"""
drawn AS MATERIALIZED (SELECT CAST(:substitute AS text) AS drawn_id, gen_random_uuid()::text AS salt),
kpi_entries_gone AS (
    DELETE FROM scoring.kpi_entry WHERE account_id = :account
    RETURNING partition, seq, n, name, at, known_at, key, person, body
),
kpi_entries_kept AS (
    INSERT INTO scoring.erased_kpi_entry (drawn_id, n, name, at, known_at, key, person, body)
    SELECT drawn_id, row_number() OVER (ORDER BY partition, seq, n), name, at, known_at, key,
           sha256(person || convert_to(salt, 'UTF8')),
           CASE WHEN name = 'csat.answered' THEN (body::jsonb - 'about')::json ELSE body END
    FROM kpi_entries_gone, drawn WHERE {OF_KPIS}
    UNION ALL SELECT drawn_id, 0, '{ACCOUNT_ERASED}', :at, :at, NULL, NULL, '{{}}' FROM drawn
    WHERE EXISTS (SELECT FROM kpi_entries_gone)
    ON CONFLICT (drawn_id, n) DO NOTHING
)"""
COUNTS: Final = f"""'kpi_entries_kept_under_another_id', (SELECT count(*) FROM kpi_entries_gone WHERE {OF_KPIS}),
    'ticket_entries', (SELECT count(*) FROM kpi_entries_gone WHERE {OF_TICKET})"""

TYPES: Final[dict[str, Any]] = {
    "kpi_accounts": ARRAY(Text),
    "kpi_names": ARRAY(Text),
    "kpi_ats": ARRAY(Double),
    "kpi_known_ats": ARRAY(Double),
    "kpi_keys": ARRAY(BigInteger),
    "kpi_people": ARRAY(LargeBinary),
    "kpi_bodies": ARRAY(Text),
    "kpi_words": ARRAY(Text),
}

_encode: Final = msgspec.json.Encoder(order="deterministic").encode


def parameters(entries: Sequence[KpiEntry]) -> dict[str, Any]:
    return {
        "kpi_accounts": [one.account_id for one in entries],
        "kpi_names": [one.name for one in entries],
        "kpi_ats": [one.at for one in entries],
        "kpi_known_ats": [one.known_at for one in entries],
        "kpi_keys": [one.key for one in entries],
        "kpi_people": [one.person for one in entries],
        "kpi_bodies": [_encode(one.said).decode() for one in entries],
        "kpi_words": [one.words for one in entries],
    }


_NAMES_SUBSTITUTE: Final = f"""name = 'account.merged' AND strpos(body::text, '"{ACCOUNT_SUBSTITUTE}') > 0"""
# Each journal was begun by a writer of its own, so other writers mean that scoring was rebuilt. An erasure moves
# entries to the other table, and changes those of accounts that were merged into the erased one.
_NEWEST: Final = f"""
SELECT (SELECT count(*) + count(*) FILTER (WHERE {_NAMES_SUBSTITUTE}) FROM scoring.erased_kpi_entry)
           + (SELECT count(*) FROM scoring.kpi_entry WHERE {_NAMES_SUBSTITUTE}) AS erased,
       (SELECT string_agg(writer, ' ' ORDER BY partition) FROM scoring.journal WHERE seq = 0) AS begun_by,
       partition, seq, n
FROM generate_series(0, CAST(:partitions AS integer) - 1) AS numbers (partition)
LEFT JOIN LATERAL (SELECT seq, n FROM scoring.kpi_entry WHERE kpi_entry.partition = numbers.partition AND {OF_KPIS}
                   ORDER BY seq DESC, n DESC LIMIT 1) AS newest ON true
"""
_PAGE: Final = f"""
SELECT account_id, name, at, known_at, key, person, body::text AS body, seq, n FROM scoring.kpi_entry
WHERE partition = :partition AND (seq, n) > (:seq, :n) AND {OF_KPIS} ORDER BY seq, n LIMIT :limit
"""
# The erasure is the last that is known of an account.
_ERASED: Final = """
SELECT drawn_id, name, at, known_at, key, person, body::text AS body FROM scoring.erased_kpi_entry
ORDER BY drawn_id, n = 0, n
"""


class PostgresKpiEntries:
    """Reads the entries that KPIs use. Every method raises `DatabaseUnavailable`."""

    def __init__(self, engine: AsyncEngine, *, patience: float) -> None:
        """`patience` is the most that one call may take, in seconds."""
        self._engine = engine
        self._patience = patience

    async def newest(self, partitions: int) -> NewestEntries:
        rows = await self._rows(_NEWEST, partitions=partitions)
        places = {row.partition: (row.seq, row.n) for row in rows if row.seq is not None}
        return NewestEntries(places, rows[0].erased, rows[0].begun_by)

    async def page(self, partition: int, *, after: EntryPlace, limit: int) -> tuple[list[StoredEntry], EntryPlace]:
        """The next entries of a partition, and the place of the last one."""
        rows = await self._rows(_PAGE, partition=partition, seq=after[0], n=after[1], limit=limit)
        return [StoredEntry(*row[:7]) for row in rows], (rows[-1].seq, rows[-1].n) if rows else after

    async def erased(self) -> list[StoredEntry]:
        """Those of erased accounts, under other ids."""
        return [StoredEntry(*row) for row in await self._rows(_ERASED)]

    async def _rows(self, statement: str, **values: Any) -> Sequence[Any]:
        async with connected(self._engine, timeout=self._patience, service="scoring") as connection:
            found: Sequence[Any] = (await connection.execute(text(statement), values)).all()
            return found
