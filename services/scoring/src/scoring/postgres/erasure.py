"""An erasure as one statement of a partition: the fence, what is deleted, how much that was, and the outbox.

A commit of records never writes it: it could neither delete and write the same rows, nor say in which order.
"""

from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Double, LargeBinary, Text, bindparam, text

from scoring.partition.commit import AccountErasure, LiftedErasure

# Facts that change have no key in the outbox; a dead letter may be no JSON.
_OF_ACCOUNT_IN_OUTBOX: Final = """partition = :partition AND (key = :account_key
    OR CASE WHEN topic = 'signals' AND key IS NULL
            THEN convert_from(value, 'UTF8')::json ->> 'account_id' = :account END)"""

# By the name under which the receipt counts them. Others' counts of events stay, without the sample.
_REMOVED: Final = {
    "states": "DELETE FROM scoring.state WHERE account_id = :account",
    "timers": "DELETE FROM scoring.timer WHERE partition = :partition AND account_id = :account",
    "accounts": "DELETE FROM scoring.account WHERE account_id = :account",
    "people": "DELETE FROM scoring.person WHERE account_id = :account",
    "signals": "DELETE FROM scoring.signal WHERE account_id = :account",
    "days": "DELETE FROM scoring.day WHERE account_id = :account",
    "ranking_rows": "DELETE FROM scoring.ranking WHERE account_id = :account",
    "outbox_rows": f"DELETE FROM scoring.outbox WHERE {_OF_ACCOUNT_IN_OUTBOX}",
    "event_samples": "UPDATE scoring.event_name SET account_id = '', event_id = '' WHERE account_id = :account",
    "value_samples": """UPDATE scoring.unusable_value SET account_id = '', event_id = '', value = ''
        WHERE account_id = :account""",
}
_DELETIONS: Final = ",".join(f"\n{name}_gone AS ({statement} RETURNING 1)" for name, statement in _REMOVED.items())
_COUNTS: Final = ", ".join(f"'{name}', (SELECT count(*) FROM {name}_gone)" for name in _REMOVED)

# Read again, an erasure keeps its first receipt: there is nothing left to count.
ERASE_PARTS: Final = f"""{_DELETIONS},
erased AS (
    INSERT INTO scoring.erased (partition, pseudonym, erased_at, cluster_id, fingerprint, erasure_id, at, removed)
    SELECT :partition, :pseudonym, :erased_at, :cluster_id, :fingerprint, :erasure_id, :at, json_build_object({_COUNTS})
    ON CONFLICT (partition, pseudonym, erased_at) DO NOTHING
)"""
LIFT_PARTS: Final = """
lifted AS (
    UPDATE scoring.erased SET lifted_at = :lifted_at
    WHERE partition = :partition AND erasure_id = :erasure_id AND lifted_at IS NULL AND erased_at < :lifted_at
)"""

ERASE_TYPES: Final[dict[str, Any]] = {
    "account": Text,
    "account_key": LargeBinary,
    "pseudonym": LargeBinary,
    "erased_at": BigInteger,
    "fingerprint": Text,
    "erasure_id": Text,
    "at": Double,
}
LIFT_TYPES: Final[dict[str, Any]] = {"erasure_id": Text, "lifted_at": BigInteger}

_SAMPLES: Final = ("event_samples", "value_samples")
SCRUB: Final = tuple(
    text(_REMOVED[name].replace("= :account", "= ANY(:accounts)")).bindparams(bindparam("accounts", type_=ARRAY(Text)))
    for name in _SAMPLES
)
"""Deletes accounts from the samples of events, which workers write outside the fence."""
SCRUB_VALUES: Final = text("UPDATE scoring.unusable_value SET value = '' WHERE value <> ''")


def parameters(erasure: AccountErasure | LiftedErasure) -> dict[str, Any]:
    """Those beside the fence's and the outbox's."""
    if isinstance(erasure, LiftedErasure):
        return {"erasure_id": erasure.erasure_id, "lifted_at": erasure.offset}
    return {
        "account": erasure.account_id,
        "account_key": erasure.account_id.encode(),
        "pseudonym": erasure.pseudonym,
        "erased_at": erasure.offset,
        "fingerprint": erasure.fingerprint,
        "erasure_id": erasure.erasure_id,
        "at": erasure.at,
    }
