"""The queries for the accounts below one: its children, their children, and so on.

Each account names one parent. So a cycle among the accounts below one contains that one itself: the walk does not go on
from there, and ends. It is bounded in depth, and in how many accounts it finds.
"""

from typing import Any, Final

from sqlalchemy import Text, bindparam, text

from scoring.postgres.schema import SEVERITY, STATUS

MOST_DEPTH: Final = 10
MOST_EXACT: Final = 1_000
"""Accounts that are computed as of now for one answer."""
MOST_COUNTED: Final = 50_000
"""Accounts that are looked at for one answer."""
WORST: Final = 5

_TREE = """
WITH RECURSIVE tree (account_id, depth) AS (
    SELECT account_id, 1 FROM scoring.account WHERE parent = :root
    UNION ALL
    SELECT child.account_id, tree.depth + 1 FROM tree JOIN scoring.account AS child ON child.parent = tree.account_id
    WHERE tree.account_id <> :root AND tree.depth <= :depth
)
"""
_BELOW = f"""
{_TREE}
SELECT found.account_id, found.depth > :depth AS deep, {STATUS} AS status
FROM (SELECT account_id, depth FROM tree LIMIT :limit) AS found JOIN scoring.account AS account USING (account_id)
"""
_MEMBERS = f"""
{_TREE},
member AS (
    SELECT account.account_id, account.name, account.arr, {STATUS} AS status, account.band, ranking.score,
           account.account_id = :root AS root, found.depth > :depth AS deep
    FROM (SELECT account_id, depth FROM tree LIMIT :limit) AS found
    JOIN scoring.account AS account USING (account_id)
    LEFT JOIN scoring.ranking AS ranking
        ON ranking.account_id = account.account_id AND ranking.ranking_id = :ranking_id
)
"""
_GROUPS = f"""
{_MEMBERS}
SELECT root, deep, status, band, arr IS NULL AS unknown, count(*) AS accounts, count(score) AS scored,
       coalesce(sum(arr), 0) AS arr, coalesce(sum(arr) FILTER (WHERE score IS NOT NULL), 0) AS scored_arr,
       coalesce(sum(score), 0) AS points, coalesce(sum(score * arr), 0) AS points_by_arr
FROM member GROUP BY root, deep, status, band, arr IS NULL
"""
_WORST = f"""
{_MEMBERS}
SELECT account_id, name, arr, band, score FROM member
WHERE status NOT IN ('churned', 'merged') AND NOT root AND NOT deep
ORDER BY {SEVERITY}, score, account_id LIMIT :worst
"""
_ROOT = bindparam("root", type_=Text)

BELOW: Final = text(_BELOW).bindparams(_ROOT)
GROUPS: Final = text(_GROUPS).bindparams(_ROOT)
WORST_MEMBERS: Final = text(_WORST).bindparams(_ROOT)


def walk(root: str, *, limit: int) -> dict[str, Any]:
    """The parameters of these queries. They stop after `limit` accounts; in a cycle the root is one of them."""
    return {"root": root, "depth": MOST_DEPTH, "limit": limit}
