"""The tables of ingest, for queries; its migrations make them. The keys' table is common's."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData(schema="ingest")

identity = Table(
    "identity",
    METADATA,
    Column("space", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("account_id", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Index("identity_by_account", "account_id"),
)

reject = Table(
    "reject",
    METADATA,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("source", Text, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("format", Text, nullable=False),
    Column("message_id", Text),
    Column("label", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("errors", JSONB, nullable=False),
    Column("dead_letter", Text),
    Index("reject_by_source", "source", "id"),
)

# Requests to erase an account. A row has the account's id only until the log has the announcement.
erasure = Table(
    "erasure",
    METADATA,
    Column("erasure_id", Text, primary_key=True),
    Column("pseudonym", LargeBinary, nullable=False),
    Column("fingerprint", Text, nullable=False),  # of the key that made the pseudonym
    Column("partition", SmallInteger, nullable=False),  # of the account
    Column("account_id", Text),
    Column("filed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("filed_by", Text, nullable=False),  # the id of an API key, or "command"
    Column("announced_at", DateTime(timezone=True)),
    Column("lift_asked_at", DateTime(timezone=True)),
    Column("lift_asked_by", Text),
    Column("lifted_at", DateTime(timezone=True)),
    Column("removed", JSONB),
    # One in force for an account: whoever asks again gets the same.
    Index("erasure_in_force", "pseudonym", unique=True, postgresql_where=text("lifted_at IS NULL")),
)
