"""The erasure of a person in a partition: the searches for the person, and the statements that rewrite and delete.

First the worker rewrites states and signals, some in each transaction. Then it reads the record: one statement has the
fence, the deletions and the receipt.
"""

from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Double, LargeBinary, Text, bindparam, text

from scoring.partition.commit import RenamedUser, UserErasure

STATES_HOLDING: Final = text("""
SELECT account_id, body FROM scoring.state
WHERE partition = :partition AND account_id > :after
  AND EXISTS (SELECT FROM unnest(:needles) AS held (needle) WHERE position(needle IN body) > 0)
ORDER BY account_id LIMIT :most
""").bindparams(bindparam("needles", type_=ARRAY(LargeBinary)))
SIGNALS_NAMING: Final = text("""
SELECT signal_id, body::text AS body FROM scoring.signal
WHERE partition = :partition AND signal_id > :after AND strpos(body::text, :word) > 0
ORDER BY signal_id LIMIT :most
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
samples_gone AS (
    UPDATE scoring.unusable_value SET account_id = '', event_id = '', value = ''
    WHERE account_id IN (SELECT account_id FROM people_gone) RETURNING 1
),
erased AS (
    INSERT INTO scoring.erased
        (partition, pseudonym, erased_at, cluster_id, fingerprint, erasure_id, at, substitute, removed)
    SELECT :partition, :pseudonym, :erased_at, :cluster_id, :fingerprint, :erasure_id, :at, :substitute,
           json_build_object('states_changed', CAST(:states AS bigint), 'signals_changed', CAST(:signals AS bigint),
                             'people', (SELECT count(*) FROM people_gone),
                             'value_samples', (SELECT count(*) FROM samples_gone))
    ON CONFLICT (partition, pseudonym, erased_at) DO NOTHING
)"""
ERASE_TYPES: Final[dict[str, Any]] = {
    "user": Text,
    "pseudonym": LargeBinary,
    "erased_at": BigInteger,
    "fingerprint": Text,
    "erasure_id": Text,
    "at": Double,
    "substitute": Text,
    "states": BigInteger,
    "signals": BigInteger,
}


def renaming_parameters(renamed: RenamedUser) -> dict[str, Any]:
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
        "pseudonym": erasure.pseudonym,
        "erased_at": erasure.offset,
        "fingerprint": erasure.fingerprint,
        "erasure_id": erasure.erasure_id,
        "at": erasure.at,
        "substitute": erasure.substitute,
        "states": erasure.states,
        "signals": erasure.signals,
    }
