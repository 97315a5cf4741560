"""The tables of schema `alerts`."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    Double,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSON

from common.contracts.signals import Kind

SCHEMA = "alerts"
metadata = MetaData(schema=SCHEMA)

# Where each partition of the signals topic was read to. Whoever decides a partition locks its row.
progress = Table(
    "progress",
    metadata,
    Column("partition", SmallInteger, primary_key=True, autoincrement=False),
    Column("cluster_id", Text, nullable=False),
    Column("to_offset", BigInteger, nullable=False),  # the next record to read
    Column("last_hash", LargeBinary),  # of the record before it
    Column("newest", Double, nullable=False),  # its record time
)

TELLS_A_BAND = "(kind = 'band' OR kind = 'flag' AND body -> 'before' ->> 'band' <> body -> 'after' ->> 'band')"
"""As `Signal.told_band`: a band, or a flag that brings one."""

# Every signal, for ever: by its id a second copy is recognized.
alert = Table(
    "alert",
    metadata,
    Column("signal_id", Text, primary_key=True),
    Column("seq", BigInteger, Identity(always=True), nullable=False),  # the order in which they were recorded
    Column("partition", SmallInteger, nullable=False),
    Column("account_id", Text, nullable=False),
    Column("episode", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("to", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("stage", Text, nullable=False),
    Column("tier", Text),
    Column("owner", Text),
    Column("at", Double, nullable=False),  # seconds since the epoch, as all moments here
    Column("recorded", Double, nullable=False),  # record time: the log's clock, not ours
    Column("history", Boolean, nullable=False),
    Column("waiting", Boolean, nullable=False),  # for the partition's next CaughtUp
    Column("body", JSON, nullable=False),  # the signal
    Index("alert_by_account", "account_id", "seq"),
    Index("alert_by_seq", "seq"),
    Index(
        "alert_telling_bands",
        "account_id",
        "seq",
        postgresql_where=text(f"kind = '{Kind.FIRST_LOOK}' OR {TELLS_A_BAND}"),
    ),
    Index("alert_waiting", "partition", postgresql_where=text("waiting")),
)

# Every yes and no, in the order in which they were made.
decision = Table(
    "decision",
    metadata,
    Column("signal_id", Text, primary_key=True),
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("at", Double, nullable=False),  # record time by which it was made
    Column("reason", Text, nullable=False),
    Column("receiver", Text),  # none of history, none while a signal waits
    Column("address_key", Text),
    Column("path", ARRAY(Text), nullable=False),
    Column("notification_id", Text),
    Column("by", Text),  # who asked for it: whoever had a message sent again, if they said who they are
)

# One message to one receiver; the sender sends what is pending here.
notification = Table(
    "notification",
    metadata,
    Column("notification_id", Text, primary_key=True),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    Column("partition", SmallInteger, nullable=False),
    Column("account_id", Text, nullable=False),  # "" of a message about many accounts
    Column("episode", Text, nullable=False),
    Column("receiver", Text, nullable=False),
    Column("address_key", Text, nullable=False),
    Column("ways", JSON, nullable=False),  # targets: the first is this message's, the others follow if it fails
    Column("path", ARRAY(Text), nullable=False),
    Column("repeat_interval", Double, nullable=False),
    Column("resolve_after", Double, nullable=False, server_default="0"),
    Column("fallback", JSON),  # who is told if the last way fails
    Column("reason", Text, nullable=False),
    Column("rank", SmallInteger, nullable=False),  # 0 the most urgent
    Column("signals", ARRAY(Text), nullable=False),  # the one that heads it first
    Column("decided", Double, nullable=False),  # record time
    Column("status", Text, nullable=False),  # held, pending, sent, failed, dropped
    Column("held_until", Double),  # record time before which it is not sent
    Column("maybe_told", Boolean, nullable=False),  # an attempt ended without an answer
    Column("attempts", Integer, nullable=False),
    Column("due", Double, nullable=False),  # wall time of the next attempt
    Column("lease_until", Double),  # wall time, by the database's clock
    Column("lease_token", Text),
    Column("resent", Double),  # wall time at which somebody last had it sent again
    Column("done", Double),  # wall time of the end, whichever it was
    Column("thread", Text),  # what the channel calls this message, where it says so
    Column("gathering_id", Text),  # of a message about many accounts: which ones
    Column("summary", JSON),  # and what it says of all of them
    Index("notification_by_account", "account_id", "seq"),
    Index("notification_by_thread", "address_key", "episode"),
    Index("notification_pending", "partition", "rank", "seq", postgresql_where=text("status = 'pending'")),
    Index("notification_next", "address_key", "account_id", "seq", postgresql_where=text("status = 'pending'")),
    Index("notification_held", "partition", postgresql_where=text("status = 'held'")),
    Index("notification_failed", "done", postgresql_where=text("status = 'failed'")),
    Index("notification_by_gathering", "gathering_id", postgresql_where=text("gathering_id IS NOT NULL")),
)

# What is known of each account, by the last FactsChanged.
account_facts = Table(
    "account_facts",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("recorded", Double, nullable=False),  # record time
    Column("facts", JSON, nullable=False),
)

# When something is to be decided again, in record time: fired by a tick, in the transaction that decides.
timer = Table(
    "timer",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("subject", Text, primary_key=True),  # of kind account: the account; else the person's address key
    Column("partition", SmallInteger, nullable=False),
    Column("due", Double, nullable=False),
    Index("timer_due", "partition", "due"),
)

# What is gathered for a person across partitions until nothing has come for a while. Whoever adds to it, or makes a
# message of it, locks the row. Its timer is of the same kind, with the address key as the subject.
gathering = Table(
    "gathering",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("address_key", Text, primary_key=True),
    Column("gathering_id", Text, nullable=False),
    Column("first", Double, nullable=False),  # record time of the first arrival
    Column("last", Double, nullable=False),
    Column("quiet", Double, nullable=False),  # seconds without an arrival after which it is told
    Column("destination", JSON, nullable=False),
    Index("gathering_by_id", "gathering_id", unique=True),
)

# The accounts of a gathering. Once it has been told, those that were told in its message.
gathered = Table(
    "gathered",
    metadata,
    Column("gathering_id", Text, primary_key=True),
    Column("account_id", Text, primary_key=True),
    Column("signal_id", Text, nullable=False),
    Column("band", Text, nullable=False),
    Column("severity", Text, nullable=False),
    Column("open", Integer, nullable=False),  # how many conditions stand
    Column("arr", Double),
    Column("contract_end", Date),
    Index("gathered_by_account", "account_id"),
)

# Every attempt to send: written before it, completed after it. One without an outcome was cut short.
attempt = Table(
    "attempt",
    metadata,
    Column("notification_id", Text, primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("started", Double, nullable=False),  # wall time
    Column("ended", Double),
    Column("outcome", Text),
    Column("detail", Text),
)

# An episode that a person acknowledged.
acknowledgement = Table(
    "acknowledgement",
    metadata,
    Column("account_id", Text, primary_key=True),
    Column("episode", Text, primary_key=True),
    Column("signal_id", Text, nullable=False),  # the alert that was acknowledged
    Column("severity", Text, nullable=False),  # the worst of the episode by then
    Column("by", Text, nullable=False),
    Column("note", Text),
    Column("at", Double, nullable=False),  # wall time
)

# Accounts that were erased: their records before `erased_at` are passed over, those up to `lifted_at` are dropped. And
# people that were erased: signals up to `lifted_at` are stored without them. It has the id of nobody; `removed` counts
# what was deleted or rewritten, for the receipt.
erased = Table(
    "erased",
    metadata,
    Column("partition", SmallInteger, primary_key=True),
    Column("pseudonym", LargeBinary, primary_key=True),
    Column("erased_at", BigInteger, primary_key=True, autoincrement=False),  # offset of the record
    Column("lifted_at", BigInteger),
    Column("cluster_id", Text, nullable=False),  # of the log that the offsets are of
    Column("fingerprint", Text, nullable=False),  # of the key that made the pseudonym
    Column("erasure_id", Text, nullable=False),
    Column("at", Double, nullable=False),  # record time
    Column("removed", JSON, nullable=False),
    Column("substitute", Text),  # of a person
    Index("erased_by_erasure", "erasure_id"),
)

# The ids of their signals: a second copy of one is recognized here.
erased_signal = Table("erased_signal", metadata, Column("signal_id", Text, primary_key=True))
