"""The erasure of a person in a partition: the searches for the person, and the statements that rewrite and delete.

First the worker rewrites states and signals, some in each transaction. Then it reads the record: one statement has the
fence, the deletions and the receipt.
"""

from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Double, LargeBinary, Text, bindparam, text

from common.erasures.substitutes import substitute_id
from scoring.partition.commit import RenamedRows, UserErasure
from scoring.partition.kpi_entries import person_key

# A bounded number of rows is searched by each question, whether they hold something or not.
SEARCH_STATES: Final = text("""
SELECT account_id AS id,
       CASE WHEN EXISTS (SELECT FROM unnest(:needles) AS held (needle) WHERE position(needle IN body) > 0)
            THEN body END AS body
FROM scoring.state WHERE partition = :partition AND account_id > :after ORDER BY account_id LIMIT :most
""").bindparams(bindparam("needles", type_=ARRAY(LargeBinary)))
SEARCH_SIGNALS: Final = text("""
SELECT signal_id AS id, CASE WHEN strpos(body::text, :word) > 0 THEN body::text END AS body
FROM scoring.signal WHERE partition = :partition AND signal_id > :after ORDER BY signal_id LIMIT :most
""")

RENAME_PARTS: Final = """
states AS (
    UPDATE scoring.state AS old SET body = new.body
    FROM unnest(:renamed_accounts, :renamed_bodies) AS new (account_id, body) WHERE old.account_id = new.account_id
),
signals AS (
    UPDATE scoring.signal AS old SET body = new.body::json
    FROM unnest(:renamed_signals, :signal_texts) AS new (signal_id, body) WHERE old.signal_id = new.signal_id
)"""
RENAME_TYPES: Final[dict[str, Any]] = {
    "renamed_accounts": ARRAY(Text),
    "renamed_bodies": ARRAY(LargeBinary),
    "renamed_signals": ARRAY(Text),
    "signal_texts": ARRAY(Text),
}

# If the record is read again, the first receipt stays: nothing is left to count.
ERASE_PARTS: Final = """
people_gone AS (
    DELETE FROM scoring.person WHERE partition = :partition AND user_id = :user RETURNING account_id
),
kpi_entries AS (
    UPDATE scoring.kpi_entry SET person = :substitute_key, words = NULL
    WHERE partition = :partition AND person = :user_key
    RETURNING 1
),
erased AS (
    INSERT INTO scoring.erased
        (partition, pseudonym, erased_at, cluster_id, fingerprint, erasure_id, at, substitute, removed)
    SELECT :partition, :pseudonym, :erased_at, :cluster_id, :fingerprint, :erasure_id, :at, :substitute,
           json_build_object('states_changed', CAST(:states AS bigint), 'signals_changed', CAST(:signals AS bigint),
                             'people', (SELECT count(*) FROM people_gone),
                             'kpi_entries_changed', (SELECT count(*) FROM kpi_entries))
    ON CONFLICT (partition, pseudonym, erased_at) DO NOTHING
)"""
ERASE_TYPES: Final[dict[str, Any]] = {
    "user": Text,
    "user_key": LargeBinary,
    "substitute_key": LargeBinary,
    "pseudonym": LargeBinary,
    "erased_at": BigInteger,
    "fingerprint": Text,
    "erasure_id": Text,
    "at": Double,
    "substitute": Text,
    "states": BigInteger,
    "signals": BigInteger,
}


def renaming_parameters(renamed: RenamedRows) -> dict[str, Any]:
    return {
        "renamed_accounts": list(renamed.states),
        "renamed_bodies": list(renamed.states.values()),
        "renamed_signals": list(renamed.signals),
        "signal_texts": list(renamed.signals.values()),
    }


def erasing_parameters(erasure: UserErasure) -> dict[str, Any]:
    """The parameters of the statement, without those of the fence and the outbox."""
    return {
        "user": erasure.user_id,
        "user_key": person_key(erasure.user_id),
        "substitute_key": person_key(substitute_id(erasure.substitute)),
        "pseudonym": erasure.pseudonym,
        "erased_at": erasure.offset,
        "fingerprint": erasure.fingerprint,
        "erasure_id": erasure.erasure_id,
        "at": erasure.at,
        "substitute": erasure.substitute,
        "states": erasure.states,
        "signals": erasure.signals,
    }
