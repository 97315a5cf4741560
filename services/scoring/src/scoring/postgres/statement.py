"""The one statement of a transaction: the fence and everything that it guards, written whole or not at all."""

import re
from datetime import date
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Date, Double, Integer, LargeBinary, SmallInteger, Text, TextClause, bindparam, text
from sqlalchemy.dialects.postgresql import ARRAY

from common.contracts.signals import Facts
from scoring.partition.commit import (
    AccountErasure,
    Commit,
    Erasing,
    LiftedErasure,
    MentionsErasure,
    OutboxTopic,
    RenamedRows,
    UserErasure,
)
from scoring.postgres import erasure, kpi_entries, mention_erasure, people, user_erasure

_FACTS = tuple(field.name for field in msgspec.structs.fields(Facts))
LONGEST_KEY = 600  # characters of an owner or a parent; an index entry holds 2,704 bytes
_INDEXED = ("owner", "parent")
_FACT_TYPES = {"arr": Double, "seats": Double, "contract_start": Date, "contract_end": Date}

# The fence. A stale writer does not find its last seq as max(seq): CASE gives NULL, and the not-null violation undoes
# the whole statement. Of two writers with the same seq, the slower one gets a unique violation. (An UPDATE that matches
# no row would not be an error, and would undo nothing.)
_FENCE = """
fence AS (
    INSERT INTO scoring.journal (partition, seq, to_offset, clock, newest, writer, cluster_id,
                                 last_offset, last_time, last_hash)
    SELECT :partition, (SELECT CASE WHEN max(seq) = :last THEN max(seq) + 1 END
                        FROM scoring.journal WHERE partition = :partition),
           :to_offset, :clock, :newest, :writer, :cluster_id, :last_offset, :last_time, :last_hash
)"""

_STATES = """
states AS (
    INSERT INTO scoring.state (account_id, partition, body)
    SELECT account_id, :partition, body FROM unnest(:state_accounts, :state_bodies) AS new (account_id, body)
    ON CONFLICT (account_id) DO UPDATE SET body = excluded.body
)"""

_TIMERS = """
armed AS (
    INSERT INTO scoring.timer (partition, account_id, due)
    SELECT :partition, account_id, due FROM unnest(:timer_accounts, :timer_dues) AS new (account_id, due)
    ON CONFLICT (partition, account_id) DO UPDATE SET due = excluded.due
)"""

_DISARMED = """
disarmed AS (
    DELETE FROM scoring.timer WHERE partition = :partition AND account_id = ANY(:disarmed)
)"""

_SEEN = """
seen AS (
    INSERT INTO scoring.seen (partition, hour, seq, ids)
    SELECT :partition, hour, :last + 1, ids FROM unnest(:seen_hours, :seen_ids) AS new (hour, ids)
)"""

_OUTBOX = """
outbox AS (
    INSERT INTO scoring.outbox (partition, seq, n, topic, stamp, key, value, reason, attempt)
    SELECT :partition, :last + 1, ordinality - 1, topic, stamp, key, value, reason, attempt
    FROM unnest(:outbox_topics, :outbox_stamps, :outbox_keys, :outbox_values, :outbox_reasons, :outbox_attempts)
         WITH ORDINALITY AS new (topic, stamp, key, value, reason, attempt, ordinality)
)"""

_SIGNALS = """
signals AS (
    INSERT INTO scoring.signal (signal_id, account_id, partition, kind, at, body)
    SELECT signal_id, account_id, :partition, kind, at, body::json
    FROM unnest(:signal_ids, :signal_accounts, :signal_kinds, :signal_ats, :signal_bodies)
         AS new (signal_id, account_id, kind, at, body)
    ON CONFLICT (signal_id) DO NOTHING
)"""

_DAYS = """
days AS (
    INSERT INTO scoring.day (account_id, day, partition, body)
    SELECT account_id, day, :partition, body::json
    FROM unnest(:day_accounts, :day_days, :day_bodies) AS new (account_id, day, body)
    ON CONFLICT (account_id, day) DO UPDATE SET body = excluded.body
)"""

_ACCOUNTS = f"""
accounts AS (
    INSERT INTO scoring.account (account_id, partition, band, scored_stage, {", ".join(_FACTS)})
    SELECT account_id, :partition, band, scored_stage, {", ".join(_FACTS)}
    FROM unnest(:account_ids, :account_bands, :account_scored_stages, {", ".join(f":account_{one}" for one in _FACTS)})
         AS new (account_id, band, scored_stage, {", ".join(_FACTS)})
    ON CONFLICT (account_id) DO UPDATE SET band = excluded.band, scored_stage = excluded.scored_stage,
        {", ".join(f"{one} = excluded.{one}" for one in _FACTS)}
)"""

_APPLIED = """
applied AS (
    INSERT INTO scoring.applied (partition, id) SELECT :partition, id FROM unnest(:applied_ids) AS new (id)
)"""

_PAUSES = """
pauses AS (
    INSERT INTO scoring.feed_pause AS old (partition, source, since, until)
    SELECT :partition, source, since, until
    FROM unnest(:pause_sources, :pause_begins, :pause_ends) AS new (source, since, until)
    ON CONFLICT (partition, source) DO UPDATE SET since = excluded.since, until = excluded.until
)"""

_PARTS = (
    _FENCE, _STATES, _TIMERS, _DISARMED, _SEEN, _OUTBOX, _SIGNALS, _DAYS, _ACCOUNTS, people.STATEMENT,
    kpi_entries.STATEMENT, _APPLIED, _PAUSES,
)  # fmt: skip

_TYPES: dict[str, Any] = {
    "partition": SmallInteger,
    "last": BigInteger,
    "to_offset": BigInteger,
    "clock": Double,
    "newest": Double,
    "writer": Text,
    "cluster_id": Text,
    "last_offset": BigInteger,
    "last_time": BigInteger,
    "last_hash": LargeBinary,
    "state_accounts": ARRAY(Text),
    "state_bodies": ARRAY(LargeBinary),
    "timer_accounts": ARRAY(Text),
    "timer_dues": ARRAY(BigInteger),
    "disarmed": ARRAY(Text),
    "seen_hours": ARRAY(Integer),
    "seen_ids": ARRAY(LargeBinary),
    "outbox_topics": ARRAY(Text),
    "outbox_stamps": ARRAY(BigInteger),
    "outbox_keys": ARRAY(LargeBinary),
    "outbox_values": ARRAY(LargeBinary),
    "outbox_reasons": ARRAY(Text),
    "outbox_attempts": ARRAY(SmallInteger),
    "signal_ids": ARRAY(Text),
    "signal_accounts": ARRAY(Text),
    "signal_kinds": ARRAY(Text),
    "signal_ats": ARRAY(Double),
    "signal_bodies": ARRAY(Text),
    "day_accounts": ARRAY(Text),
    "day_days": ARRAY(Date),
    "day_bodies": ARRAY(Text),
    "account_ids": ARRAY(Text),
    "account_bands": ARRAY(Text),
    "account_scored_stages": ARRAY(Text),
    **{f"account_{one}": ARRAY(_FACT_TYPES.get(one, Text)) for one in _FACTS},
    **people.TYPES,
    **kpi_entries.TYPES,
    "applied_ids": ARRAY(Text),
    "pause_sources": ARRAY(Text),
    "pause_begins": ARRAY(Double),
    "pause_ends": ARRAY(Double),
}

COMMIT = text("WITH" + ",".join(_PARTS) + "\nSELECT 1").bindparams(
    *(bindparam(name, type_=type_) for name, type_ in _TYPES.items())
)


def _statement(*parts: str, **types: Any) -> TextClause:
    """Of an erasure: the fence, these parts, and the outbox."""
    whole = "WITH" + ",".join((_FENCE, *parts, _OUTBOX)) + "\nSELECT 1"
    named = {name: type_ for name, type_ in _TYPES.items() if re.search(rf":{name}\b", _FENCE + _OUTBOX)}
    return text(whole).bindparams(*(bindparam(name, type_=type_) for name, type_ in {**named, **types}.items()))


_ERASE = _statement(erasure.ERASE_PARTS, **erasure.ERASE_TYPES)
_LIFT = _statement(erasure.LIFT_PARTS, **erasure.LIFT_TYPES)
_RENAME = _statement(user_erasure.RENAME_PARTS, **user_erasure.RENAME_TYPES)
_ERASE_USER = _statement(user_erasure.ERASE_PARTS, **user_erasure.ERASE_TYPES)
_ERASE_MENTIONS = _statement(mention_erasure.ERASE_PARTS, **mention_erasure.ERASE_TYPES)


def statement_of(commit: Commit, cluster_id: str) -> tuple[TextClause, dict[str, Any]]:
    """What writes this commit, with its parameters."""
    given = parameters(commit, cluster_id)
    if commit.erasure is None:
        return COMMIT, given
    statement, more = _statement_of_erasing(commit.erasure)
    return statement, {name: value for name, value in {**given, **more}.items() if name in statement._bindparams}


def _statement_of_erasing(erasing: Erasing) -> tuple[TextClause, dict[str, Any]]:
    match erasing:
        case AccountErasure():
            return _ERASE, erasure.parameters(erasing)
        case LiftedErasure():
            return _LIFT, erasure.parameters(erasing)
        case RenamedRows():
            return _RENAME, user_erasure.renaming_parameters(erasing)
        case UserErasure():
            return _ERASE_USER, user_erasure.erasing_parameters(erasing)
        case MentionsErasure():
            return _ERASE_MENTIONS, mention_erasure.parameters(erasing, longest_parent=LONGEST_KEY)


def parameters(commit: Commit, cluster_id: str) -> dict[str, Any]:
    position = commit.position
    armed = {one: due for one, due in commit.timers.items() if due is not None}
    signals = commit.signals
    # They change only with an announcement.
    pauses = commit.pauses if commit.applied else ()
    return {
        "partition": commit.partition,
        "last": commit.last_seq,
        "to_offset": position.to_offset,
        "clock": position.clock,
        "newest": position.newest,
        "writer": commit.writer,
        "cluster_id": cluster_id,
        "last_offset": position.last_offset,
        "last_time": position.last_time,
        "last_hash": position.last_hash,
        "state_accounts": list(commit.states),
        "state_bodies": list(commit.states.values()),
        "timer_accounts": list(armed),
        "timer_dues": list(armed.values()),
        "disarmed": [one for one, due in commit.timers.items() if due is None],
        "seen_hours": list(commit.seen),
        "seen_ids": list(commit.seen.values()),
        "outbox_topics": [row.topic.value for row in commit.outbox],
        "outbox_stamps": [row.stamp for row in commit.outbox],
        "outbox_keys": [row.key for row in commit.outbox],
        "outbox_values": [row.value for row in commit.outbox],
        "outbox_reasons": [row.reason and row.reason.value for row in commit.outbox],
        "outbox_attempts": [row.attempt for row in commit.outbox],
        "signal_ids": [one.signal_id for one in signals],
        "signal_accounts": [one.account_id for one in signals],
        "signal_kinds": [one.kind.value for one in signals],
        "signal_ats": [one.at.timestamp() for one in signals],
        # Each signal has an outbox row with its account as the key, in this order, which already holds it as JSON.
        "signal_bodies": [
            row.value.decode() for row in commit.outbox if row.topic is OutboxTopic.SIGNALS and row.key and row.value
        ],
        "day_accounts": [day.account_id for day in commit.days],
        "day_days": [day.day for day in commit.days],
        "day_bodies": [msgspec.json.encode(day).decode() for day in commit.days],
        "account_ids": [row.account_id for row in commit.accounts],
        "account_bands": [row.band for row in commit.accounts],
        "account_scored_stages": [row.stage for row in commit.accounts],
        **{f"account_{one}": [_fact(row.facts, one) for row in commit.accounts] for one in _FACTS},
        **people.parameters(commit.people),
        **kpi_entries.parameters(commit.kpi_entries),
        "applied_ids": list(commit.applied),
        "pause_sources": [one.source for one in pauses],
        "pause_begins": [one.since for one in pauses],
        "pause_ends": [one.until for one in pauses],
    }


def _fact(facts: Facts, name: str) -> str | float | date | None:
    value: str | float | date | None = getattr(facts, name)
    if not isinstance(value, str):
        return value
    # PostgreSQL takes no NUL in a text and no long key in an index. The state keeps the whole value.
    return value.replace("\0", "")[: LONGEST_KEY if name in _INDEXED else None]
