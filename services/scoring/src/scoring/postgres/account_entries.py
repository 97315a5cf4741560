"""A page of what is known of one account: its facts, contract, milestones and answers, the newest in the log first."""

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import ARRAY, Text, bindparam, text

from scoring.health.facts import RETRACTED
from scoring.partition.kpi_entries import MONTH_ENDED

# Each retraction takes back what is before it in the log, so the entries of the account are read once for all of them.
_PAGE: Final = f"""
WITH retraction AS MATERIALIZED (
    SELECT (body->>'retracts')::bigint AS key, seq, n, known_at FROM scoring.kpi_entry
    WHERE account_id = :account AND name = '{RETRACTED}'
),
shown AS MATERIALIZED (
    SELECT name, at, known_at, key, person, body, seq, n FROM scoring.kpi_entry
    WHERE account_id = :account AND name NOT IN ('{RETRACTED}', '{MONTH_ENDED}') AND (seq, n) < (:seq, :n)
          AND (cardinality(:names) = 0 OR name = ANY(:names))
    ORDER BY seq DESC, n DESC LIMIT :limit
)
SELECT name, at, known_at, person, body::text AS body, seq, n,
       (SELECT min(retraction.known_at) FROM retraction
        WHERE retraction.key = shown.key AND (retraction.seq, retraction.n) > (shown.seq, shown.n)) AS retracted_at
FROM shown ORDER BY seq DESC, n DESC
"""
PAGE: Final = text(_PAGE).bindparams(bindparam("account", type_=Text), bindparam("names", type_=ARRAY(Text)))
_AFTER_ALL: Final = 2**62, 2**31 - 1


def values(account_id: str, *, names: Sequence[str], before: tuple[int, int] | None, limit: int) -> dict[str, Any]:
    """Entries of these names, of any without one. `before` is the place of the entry that ended the page before."""
    seq, n = before or _AFTER_ALL
    return {"account": account_id, "names": list(names), "seq": seq, "n": n, "limit": limit}
