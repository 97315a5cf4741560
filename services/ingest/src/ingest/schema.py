"""The tables of ingest, for queries; its migrations make them. The keys' table is common's."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

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

# What each source sent by the hour; `lags` counts requests by `LAG_BOUNDS`.
source_hour = Table(
    "source_hour",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("hour", DateTime(timezone=True), primary_key=True),
    Column("events", BigInteger, nullable=False),
    Column("history", BigInteger, nullable=False),
    Column("not_standard", BigInteger, nullable=False),
    Column("newest_event_at", DateTime(timezone=True)),
    Column("newest_received_at", DateTime(timezone=True)),
    Column("lags", ARRAY(BigInteger), nullable=False),
    Index("source_hour_hour", "hour"),
)

source_refusal = Table(
    "source_refusal",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("hour", DateTime(timezone=True), primary_key=True),
    Column("reason", Text, primary_key=True),
    Column("items", BigInteger, nullable=False),
    Index("source_refusal_hour", "hour"),
)

# The last decision about each source that was ever silent.
source_state = Table(
    "source_state",
    METADATA,
    Column("source", Text, primary_key=True),
    Column("silent", Boolean, nullable=False),
    Column("since", DateTime(timezone=True), nullable=False),
    Column("changed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("announcement_id", Text),
    Column("filed_at", DateTime(timezone=True)),
)

announcement_outbox = Table(
    "announcement_outbox",
    METADATA,
    Column("n", BigInteger, Identity(always=True), primary_key=True),
    Column("id", Text, nullable=False, unique=True),
    Column("body", Text, nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("attempts", Integer, nullable=False, server_default=text("0")),
    Column("retry_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
)

# For each merged account the one that it goes on as, and the event that said so. `changed`: when the row was written.
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

stripe_customer = Table(
    "stripe_customer",
    METADATA,
    Column("webhook", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("account_id", Text),
    Column("created", BigInteger, nullable=False),
    Column("stage", SmallInteger, nullable=False),
    Index("stripe_customer_by_account", "account_id"),
)

stripe_subscription = Table(
    "stripe_subscription",
    METADATA,
    Column("webhook", Text, primary_key=True),
    Column("id", Text, primary_key=True),
    Column("customer", Text, nullable=False),
    Column("account_id", Text),
    Column("created", BigInteger, nullable=False),
    Column("stage", SmallInteger, nullable=False),
    Column("body", LargeBinary, nullable=False),
    Index("stripe_subscription_by_customer", "customer"),
    Index("stripe_subscription_by_account", "account_id"),
)

stripe_told = Table(
    "stripe_told",
    METADATA,
    Column("webhook", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False),
)

stripe_delivery = Table(
    "stripe_delivery",
    METADATA,
    Column("webhook", Text, primary_key=True),
    Column("message_id", Text, primary_key=True),
    Column("account_ids", ARRAY(Text), nullable=False),
    Column("decided_at", DateTime(timezone=True), nullable=False, server_default=func.now()),
    Column("published", Boolean, nullable=False, server_default="false"),
    Column("body", LargeBinary, nullable=False),
    Index("stripe_delivery_by_time", "decided_at"),
    Index("stripe_delivery_by_account", "account_ids", postgresql_using="gin"),
)

# Requests to erase an account or a person. A row has the id only until Kafka has the record of the erasure.
erasure = Table(
    "erasure",
    METADATA,
    Column("erasure_id", Text, primary_key=True),
    Column("pseudonym", LargeBinary, nullable=False),
    Column("fingerprint", Text, nullable=False),  # of the key that made the pseudonym
    Column("partition", SmallInteger),  # of the account; a person is in all
    Column("account_id", Text),
    Column("filed_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
    Column("filed_by", Text, nullable=False),  # the id of an API key, or "command"
    Column("announced_at", DateTime(timezone=True)),
    Column("lift_asked_at", DateTime(timezone=True)),
    Column("lift_asked_by", Text),
    Column("lifted_at", DateTime(timezone=True)),
    Column("removed", JSONB),
    Column("user_id", Text),  # as it is stored: mapping.yml may have users hashed
    Column("substitute", Text),  # of a person: the random id that takes their place
    # At most one request in force for an account or a person; a second one gets the same row.
    Index("erasure_in_force", "pseudonym", unique=True, postgresql_where=text("lifted_at IS NULL")),
)
