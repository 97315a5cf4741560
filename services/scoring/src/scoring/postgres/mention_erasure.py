"""The erasure of an account in rows of other accounts: the statement that replaces its id.

First the worker rewrites states and signals, as for an erased person. Then it reads the record with this statement.
"""

from typing import Any, Final

from sqlalchemy import BigInteger, Text

from common.erasures.substitutes import ACCOUNT_SUBSTITUTE
from scoring.partition.commit import MentionsErasure

# A rebuild keeps the entries of erased accounts, and every partition writes some. So this renames only those that this
# partition wrote before the record, and those of which nobody knows that.
_ERASED_BEFORE: Final = """NOT EXISTS (
    SELECT FROM scoring.erased WHERE drawn_id = :beginning || erasure_id
        AND (partition <> :partition OR cluster_id = :cluster_id AND erased_at > :offset))"""
# PostgreSQL cannot read a JSON text with NUL, which a fact may have; no id that is erased has one.
_RENAMED: Final = r"""SET body = jsonb_set(body::jsonb, '{merged_into}', to_jsonb(CAST(:substitute AS text)))::json
    WHERE CASE WHEN strpos(body::text, 'merged_into') > 0 AND strpos(body::text, '\u0000') = 0
               THEN body ->> 'merged_into' END = :account"""

# An erased account may have been merged into this one before. Its entries are in no partition any more.
# Merges are in entries of their own event, and in the first ones, which were made of states (seq 0).
ERASE_PARTS: Final = f"""
accounts AS (
    UPDATE scoring.account SET
        merged_into = CASE WHEN merged_into = :account THEN :substitute ELSE merged_into END,
        parent = CASE WHEN parent = :parent THEN :substitute ELSE parent END
    WHERE partition = :partition AND (merged_into = :account OR parent = :parent)
),
kpi_entries AS (
    UPDATE scoring.kpi_entry {_RENAMED} AND partition = :partition AND (name = 'account.merged' OR seq = 0)
),
erased_kpi_entries AS (UPDATE scoring.erased_kpi_entry {_RENAMED} AND {_ERASED_BEFORE})"""
ERASE_TYPES: Final[dict[str, Any]] = {
    "account": Text,
    "parent": Text,
    "substitute": Text,
    "beginning": Text,
    "offset": BigInteger,
}


def parameters(erasure: MentionsErasure, *, longest_parent: int) -> dict[str, Any]:
    """The parameters of the statement, without those of the fence and the outbox.

    Of an id of a parent the table has so many characters.
    """
    return {
        "account": erasure.account_id,
        "parent": erasure.account_id[:longest_parent],
        "substitute": erasure.substitute,
        "beginning": ACCOUNT_SUBSTITUTE,
        "offset": erasure.offset,
    }
