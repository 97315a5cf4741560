"""The tables of schema `scoring`. The journal and what a commit writes with it are the truth; the rest serves reads."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    DateTime,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSON

SCHEMA = "scoring"
metadata = MetaData(schema=SCHEMA)

# Expressions that the list sorts and filters by. An index serves only its own expression, so each is written once. They
# use the beginning of a name: an index entry holds 2,704 bytes, and an account id may take 2,048 of them. COLLATE "C"
# gives the same order on every server, and lets the index find a prefix.
KEY_CHARS = 100
_NAME, _ID = f"lower(left(coalesce(name, account_id), {KEY_CHARS}))", f"lower(left(account_id, {KEY_CHARS}))"
NAME_KEY, ID_KEY = f'{_NAME} COLLATE "C"', f'{_ID} COLLATE "C"'
OWNER_KEY = "lower(btrim(owner))"
# The worst first.
SEVERITY = "array_position(ARRAY['red', 'yellow', 'insufficient_data', 'green'], band)"

# As `AccountStatus` has it: a merged account has no other one.
STATUS = "CASE WHEN merged_into IS NULL THEN status ELSE 'merged' END"

# Signals after which an account had another band. A flag brings one without a signal of kind `band`.
CHANGES_BAND = (
    "kind = 'band' OR kind = 'flag' AND (body -> 'before' ->> 'band') IS DISTINCT FROM (body -> 'after' ->> 'band')"
)

# One row per transaction of a partition; (partition, seq) is the fence. Row 0 holds the card and the mode.
journal = Table(
    "journal",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("to_offset", BigInteger, nullable=False),  # the next record to read
    Column("clock", Double, nullable=False),  # the newest tick read
    Column("newest", Double, nullable=False),  # the running maximum of all record times
    Column("writer", Text, nullable=False),
    Column("cluster_id", Text, nullable=False),
    Column("last_offset", BigInteger),
    Column("last_time", BigInteger),  # milliseconds, as the log has it
    Column("last_hash", LargeBinary),
    Column("origin", JSON),  # row 0 only: card, card_id, time mode, partition count
)

# No index but the key, and free space on each page, so that updates are heap-only (HOT).
state = Table(
    "state",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    postgresql_with={"fillfactor": "60", "toast_tuple_target": "8160"},
)

timer = Table(
    "timer",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("due", BigInteger, nullable=False),  # whole seconds since the epoch
    postgresql_with={"fillfactor": "80"},
)

seen = Table(
    "seen",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("hour", Integer, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("ids", LargeBinary, nullable=False),  # 16 bytes each, in the order of the log
)

outbox = Table(
    "outbox",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("topic", Text, nullable=False),  # signals or dead; the relay adds the prefix
    Column("stamp", BigInteger, nullable=False),  # milliseconds; the record time in stream mode
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("reason", Text),  # dead letters only
    Column("attempt", SmallInteger),  # dead letters that were sent again before
)

account = Table(
    "account",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("name", Text),
    Column("tier", Text),
    Column("owner", Text),
    Column("arr", Double),
    Column("seats", Double),
    Column("contract_start", Date),
    Column("contract_end", Date),
    Column("stage", Text),
    Column("time_zone", Text),
    Column("language", Text),
    Column("parent", Text),
    Column("country", Text),
    Column("currency", Text),
    Column("merged_into", Text),
    Column("segment", Text),
    Column("status", Text, nullable=False, server_default="active"),
    Column("band", Text),
    Column(
        "scored_stage", Text, nullable=False, server_default="adoption"
    ),  # the fact, else what the core takes it to be
    Index("account_band", "band", "account_id"),
    Index("account_owner_key", text(OWNER_KEY)),
    # Counts and sums read this alone, and no row of the table.
    Index("account_sums", "status", "band", "arr", postgresql_where=text("merged_into IS NULL")),
    Index("account_by_arr", "arr", "account_id"),
    Index("account_by_contract_end", "contract_end", "account_id"),
    Index("account_by_name", text(_NAME), "account_id"),  # COLLATE "C"
    Index("account_by_id", text(_ID)),  # COLLATE "C"
    Index("account_by_severity", text(SEVERITY), "account_id"),
    Index("account_by_parent", "parent", postgresql_where=text("parent IS NOT NULL")),
)

# Whom to call. `last_seen` and `left_on` are days (UTC), so that a person costs a row a day and not one per event; the
# moments are those (UTC) at which each field was written, by event time. Housekeeping keeps the newest of each account.
person = Table(
    "person",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("last_seen", Date, nullable=False),
    Column("left_on", Date),
    Column("name", Text),
    Column("name_at", Double),
    Column("email", Text),
    Column("email_at", Double),
    Column("role", Text),
    Column("role_at", Double),
    Column("champion", Boolean, nullable=False, server_default="false"),
    Column("champion_at", Double),
    postgresql_with={"fillfactor": "80"},
)

ranking_ids = Sequence("ranking_id", schema=SCHEMA, metadata=metadata)

# All accounts by score, as of one moment per ranking; the read API's refresher writes them, never a worker. Both tables
# are unlogged: a crash of the server empties them, until the refresher has made the next ranking.
ranking = Table(
    "ranking",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("ranking_id", BigInteger, primary_key=True, autoincrement=False),
    Column("score", Double, nullable=False),
    Index("ranking_by_score", "ranking_id", "score", "account_id"),
    prefixes=["UNLOGGED"],
)

# A ranking is complete, and is read, when it has a row here.
finished_ranking = Table(
    "finished_ranking",
    metadata,
    Column("ranking_id", BigInteger, primary_key=True, autoincrement=False),
    Column("as_of", Double, nullable=False),  # the moment of its scores
    Column("begun", Double, nullable=False),  # by the refresher's clock, as is the next
    Column("ended", Double, nullable=False),
    prefixes=["UNLOGGED"],
)

signal = Table(
    "signal",
    metadata,
    Column("signal_id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("body", JSON, nullable=False),
    Index("signal_by_account", "account_id", "at"),
    # Its condition is evaluated when a signal is written, so that a reader decodes no body.
    Index("signal_by_band_change", "at", "account_id", postgresql_where=text(CHANGES_BAND)),
)

day = Table(
    "day",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("body", JSON, nullable=False),
)

# The entries of tickets, which no KPI uses. They are many, so each kind of reader has an index without the others.
OF_TICKET = "name LIKE 'ticket.%'"
OF_KPIS = "name NOT LIKE 'ticket.%'"

# What KPIs are made of, and tickets, in the order of the log: (partition, seq, n). Tickets and words go with history,
# the rest is never pruned. `at` is event time, `known_at` is record time. `key` names the event for a retraction.
kpi_entry = Table(
    "kpi_entry",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("account_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("known_at", Double, nullable=False),
    Column("key", BigInteger),
    Column("person", LargeBinary),
    Column("body", JSON, nullable=False),
    Column("words", Text),  # what a person wrote; it is deleted with the person
    Index("kpi_entry_by_account", "account_id"),
    Index("kpi_entry_by_person", "partition", "person", postgresql_where=text("person IS NOT NULL")),
    Index("kpi_entry_of_kpis", "partition", "seq", "n", postgresql_where=text(OF_KPIS)),
    Index("kpi_entry_of_merged", "partition", "seq", "n", postgresql_where=text("name = 'account.merged'")),
    Index("kpi_entry_with_words", "account_id", "at", postgresql_where=text(f"{OF_TICKET} OR words IS NOT NULL")),
)

# The entries of erased accounts, under their substitutes, in the order of the log (`n`; 0 is the erasure). Keep this
# table in a rebuild, which leaves their records out.
erased_kpi_entry = Table(
    "erased_kpi_entry",
    metadata,
    Column("drawn_id", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("name", Text, nullable=False),
    Column("at", Double, nullable=False),
    Column("known_at", Double, nullable=False),
    Column("key", BigInteger),
    Column("person", LargeBinary),
    Column("body", JSON, nullable=False),
)

# What the read API says of the names of events; workers add to it outside the fence.
event_name = Table(
    "event_name",
    metadata,
    Column("name", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("last_seen", Double, nullable=False),  # record time
    Column("account_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
)

# Values that a metric could not use, and the last one of each kind.
unusable_value = Table(
    "unusable_value",
    metadata,
    Column("metric", Text, primary_key=True),
    Column("event", Text, primary_key=True),
    Column("property", Text, primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("count", BigInteger, nullable=False),
    Column("last_seen", Double, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("value", Text, nullable=False),
)

# Announcements, as the read API took them; never revised. `number` grows in the order of the commits.
announcement = Table(
    "announcement",
    metadata,
    Column("id", Text, primary_key=True),
    Column("number", BigInteger, Identity(always=True), nullable=False, unique=True),
    Column("body", Text, nullable=False),  # the record's JSON
    Column("filed_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
)

# Announcements that took effect in a partition, written behind the fence. Never pruned: a copy must change nothing.
applied = Table(
    "applied",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("id", Text, primary_key=True),
)

# Pauses of feeds, one row a source, behind the fence. `until` is infinity while the feed is paused.
feed_pause = Table(
    "feed_pause",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("source", Text, primary_key=True),
    Column("since", Double, nullable=False),
    Column("until", Double, nullable=False),
)

# Erased accounts and people. Records of an account before `erased_at` are skipped; in records of a person their
# `substitute` takes their place. Records from there to `lifted_at` are dropped. Keep this table in a rebuild. It has no
# ids of accounts or people. `removed` counts the deleted rows, for the receipt.
erased = Table(
    "erased",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("pseudonym", LargeBinary, primary_key=True),
    Column("erased_at", BigInteger, primary_key=True, autoincrement=False),  # offset of the record
    Column("lifted_at", BigInteger),
    Column("cluster_id", Text, nullable=False),  # of the log to which the offsets belong
    Column("fingerprint", Text, nullable=False),  # of the key that made the pseudonym
    Column("erasure_id", Text, nullable=False),
    Column("at", Double, nullable=False),  # record time
    Column("removed", JSON, nullable=False),
    Column("substitute", Text),  # of a person
    Index("erased_by_erasure", "erasure_id"),
)

heartbeat = Table(
    "heartbeat",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("at", Double, nullable=False),
    Column("caught_up", Boolean, nullable=False),
    Column("lag_seconds", Double, nullable=False),
    postgresql_with={"fillfactor": "50"},
)
