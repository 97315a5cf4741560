"""The tables of schema `scoring`. The journal and what is written with it are the truth; the rest serves readers."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
)
from sqlalchemy.dialects.postgresql import JSON

SCHEMA = "scoring"
metadata = MetaData(schema=SCHEMA)

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

# No index but the key, and room on each page, so that updates stay in place.
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
    Column("topic", Text, nullable=False),  # signals or dead; the prefix is the relay's business
    Column("stamp", BigInteger, nullable=False),  # milliseconds; what stream mode stamps
    Column("key", LargeBinary),
    Column("value", LargeBinary),
    Column("reason", Text),  # dead letters only
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
    Column("band", Text),
    Index("account_band", "band", "account_id"),
    Index("account_owner", "owner"),
    Index("account_contract_end", "contract_end"),
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
)

day = Table(
    "day",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("day", Date, primary_key=True),
    Column("partition", SmallInteger, nullable=False),
    Column("body", JSON, nullable=False),
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
