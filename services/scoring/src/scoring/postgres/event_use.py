"""The statements that add to what is known of the names of events, and of values that no metric could use."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ARRAY, BigInteger, Boolean, Double, Text, bindparam, text

from common.catalogue.events import STANDARD_EVENTS
from scoring.partition.event_use import UnusableKey, UseCount

# Rows in one order, so that two workers cannot wait for each other.
_NAMES = """
INSERT INTO scoring.event_name AS known (name, count, last_seen, account_id, event_id)
SELECT name, count, last_seen, account_id, event_id
FROM unnest(:names, :counts, :last_seen, :accounts, :events, :standard)
    AS new (name, count, last_seen, account_id, event_id, standard)
WHERE standard OR name IN (SELECT name FROM scoring.event_name)
    OR (SELECT count(*) FROM scoring.event_name) < :most
ORDER BY name
ON CONFLICT (name) DO UPDATE SET
    count = known.count + excluded.count, last_seen = greatest(known.last_seen, excluded.last_seen),
    account_id = excluded.account_id, event_id = excluded.event_id
"""
_UNUSABLE = """
INSERT INTO scoring.unusable_value AS known
    (metric, event, property, reason, count, last_seen, account_id, event_id, value)
SELECT * FROM unnest(:metrics, :names, :properties, :reasons, :counts, :last_seen, :accounts, :events, :values)
    AS new (metric, event, property, reason, count, last_seen, account_id, event_id, value)
ORDER BY metric, event, property, reason
ON CONFLICT (metric, event, property, reason) DO UPDATE SET
    count = known.count + excluded.count, last_seen = greatest(known.last_seen, excluded.last_seen),
    account_id = excluded.account_id, event_id = excluded.event_id, value = excluded.value
"""
_COUNTED = (
    bindparam("names", type_=ARRAY(Text)),
    bindparam("counts", type_=ARRAY(BigInteger)),
    bindparam("last_seen", type_=ARRAY(Double)),
    bindparam("accounts", type_=ARRAY(Text)),
    bindparam("events", type_=ARRAY(Text)),
)
ADD_NAMES = text(_NAMES).bindparams(*_COUNTED, bindparam("standard", type_=ARRAY(Boolean)))
ADD_UNUSABLE = text(_UNUSABLE).bindparams(
    *_COUNTED,
    bindparam("metrics", type_=ARRAY(Text)),
    bindparam("properties", type_=ARRAY(Text)),
    bindparam("reasons", type_=ARRAY(Text)),
    bindparam("values", type_=ARRAY(Text)),
)


def name_parameters(names: Mapping[str, UseCount], *, most_names: int) -> dict[str, Any]:
    standard = [name in STANDARD_EVENTS for name in names]
    return {**_counted(list(names), list(names.values())), "standard": standard, "most": most_names}


def unusable_parameters(unusable: Mapping[UnusableKey, UseCount]) -> dict[str, Any]:
    counts = list(unusable.values())
    return {
        **_counted([key.event for key in unusable], counts),
        "metrics": [key.metric for key in unusable],
        "properties": [key.property for key in unusable],
        "reasons": [key.reason.value for key in unusable],
        "values": [_storable(count.sample.value) for count in counts],
    }


def _counted(names: list[str], counts: list[UseCount]) -> dict[str, Any]:
    return {
        "names": names,
        "counts": [count.count for count in counts],
        "last_seen": [count.last_seen for count in counts],
        "accounts": [_storable(count.sample.account_id) for count in counts],
        "events": [_storable(count.sample.event_id) for count in counts],
    }


def _storable(text: str) -> str:
    """Ingest takes no U+0000 and no lone surrogates, which PostgreSQL cannot store; another writer of the log may."""
    return text.replace("\0", "").encode("utf-8", "replace").decode("utf-8")
