"""The tables of ingest, for queries; its migrations make them. The keys' table is common's."""

from sqlalchemy import BigInteger, Column, DateTime, Identity, Index, MetaData, Table, Text, text
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

# The account that a merged one goes on as, and the event that said so. `changed` is when the row was written.
alias = Table(
    "alias",
    METADATA,
    Column("account_id", Text, primary_key=True),
    Column("into_id", Text, nullable=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("source", Text, nullable=False),
    Column("event_id", Text, nullable=False),
    Column("changed", DateTime(timezone=True), nullable=False, server_default=text("clock_timestamp()")),
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
