"""The erasure of an account as one statement: the fence, the deletions with their counts, and the outbox.

It is never a part of a commit of records: one statement cannot both delete and write a row in a certain order.
"""

from typing import Any, Final

from sqlalchemy import ARRAY, BigInteger, Double, LargeBinary, Text, bindparam, text

from common.erasures.substitutes import account_substitute
from scoring.partition.commit import AccountErasure, LiftedErasure
from scoring.postgres import kpi_entries

# Changed facts have no key in the outbox, so their JSON is read. Dead letters may not be JSON, but have a key.
_OF_ACCOUNT_IN_OUTBOX: Final = """partition = :partition AND (key = :account_key
    OR CASE WHEN topic = 'signals' AND key IS NULL
            THEN convert_from(value, 'UTF8')::json ->> 'account_id' = :account END)"""

# Statements by the name under which the receipt counts their rows. Counts of event names stay, without the sample.
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
_COUNTS: Final = ", ".join(
    [*(f"'{name}', (SELECT count(*) FROM {name}_gone)" for name in _REMOVED), kpi_entries.COUNTS]
)

# If the record is read again, the first receipt stays: nothing is left to count.
ERASE_PARTS: Final = f"""{_DELETIONS},
{kpi_entries.ERASE_ACCOUNT},
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
    "substitute": Text,
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
    """The parameters of the statement, without those of the fence and the outbox."""
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
        "substitute": account_substitute(erasure.erasure_id),
    }
