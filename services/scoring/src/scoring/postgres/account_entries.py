"""What is known of one account: a page of its entries, the newest in the log first; and all entries of its tickets."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, Text, bindparam, text

from scoring.health.facts import RETRACTED
from scoring.partition.kpi_entries import MONTH_ENDED
from scoring.postgres.schema import OF_TICKET

# Each retraction takes back what is before it in the log, so the entries of the account are read once for all of them.
_RETRACTION: Final = f"""
WITH retraction AS MATERIALIZED (
    SELECT (body->>'retracts')::bigint AS key, seq, n, known_at FROM scoring.kpi_entry
    WHERE account_id = :account AND name = '{RETRACTED}'
)"""
_PAGE: Final = f"""{_RETRACTION},
shown AS MATERIALIZED (
    SELECT name, at, known_at, key, person, body, words, seq, n FROM scoring.kpi_entry
    WHERE account_id = :account AND name NOT IN ('{RETRACTED}', '{MONTH_ENDED}') AND (seq, n) < (:seq, :n)
          AND (cardinality(:names) = 0 OR name = ANY(:names))
    ORDER BY seq DESC, n DESC LIMIT :limit
)
SELECT name, at, known_at, person, body::text AS body, words, seq, n,
       (SELECT min(retraction.known_at) FROM retraction
        WHERE retraction.key = shown.key AND (retraction.seq, retraction.n) > (shown.seq, shown.n)) AS retracted_at
FROM shown ORDER BY seq DESC, n DESC
"""
PAGE: Final = text(_PAGE).bindparams(bindparam("account", type_=Text), bindparam("names", type_=ARRAY(Text)))

# Those that were taken back are left out.
TICKETS: Final = text(f"""{_RETRACTION}
SELECT name, at, known_at, person, body::text AS body, words, seq, n, NULL::float AS retracted_at
FROM scoring.kpi_entry AS said
WHERE account_id = :account AND {OF_TICKET} AND NOT EXISTS (
    SELECT FROM retraction WHERE retraction.key = said.key AND (retraction.seq, retraction.n) > (said.seq, said.n))
ORDER BY at DESC, seq DESC, n DESC LIMIT :limit
""").bindparams(bindparam("account", type_=Text))
_AFTER_ALL: Final = 2**62, 2**31 - 1


def values(account_id: str, *, names: Sequence[str], before: tuple[int, int] | None, limit: int) -> dict[str, Any]:
    """Entries of these names, of any without one. `before` is the place of the entry that ended the page before."""
    seq, n = before or _AFTER_ALL
    return {"account": account_id, "names": list(names), "seq": seq, "n": n, "limit": limit}
