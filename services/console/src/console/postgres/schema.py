"""The tables of schema `console`."""

from sqlalchemy import (
    BigInteger,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

SCHEMA = "console"
metadata = MetaData(schema=SCHEMA)
_NOW = text("now()")

# Who may use the console. `oidc_subject` is issuer and subject of the identity that has signed in as this person.
console_user = Table(
    "console_user",
    metadata,
    Column("user_id", BigInteger, Identity(always=True), primary_key=True),
    Column("email", Text, nullable=False),  # in lower case
    Column("name", Text),
    Column("role", Text, nullable=False),
    Column("language", Text),
    Column("oidc_subject", Text, unique=True),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("disabled_at", DateTime(timezone=True)),
    UniqueConstraint("email", name="console_user_email"),
)

# A row for each browser that is signed in. `seen_at` is written once a minute at most.
session = Table(
    "session",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("user_id", BigInteger, ForeignKey(console_user.c.user_id), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("seen_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Index("session_by_user", "user_id"),
    Index("session_by_seen", "seen_at"),
)

# Each signs one person in, once.
sign_in_link = Table(
    "sign_in_link",
    metadata,
    Column("token_sha256", LargeBinary, primary_key=True),
    Column("user_id", BigInteger, ForeignKey(console_user.c.user_id), nullable=False),
    Column("created_at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("expires_at", DateTime(timezone=True), nullable=False),
    Column("used_at", DateTime(timezone=True)),
    Index("sign_in_link_by_user", "user_id"),
)

# Who did what, and when. A trigger refuses to change or delete a row. `subject` is what was acted on: an account, an
# alert, a person.
audit = Table(
    "audit",
    metadata,
    Column("seq", BigInteger, Identity(always=True), primary_key=True),
    Column("at", DateTime(timezone=True), nullable=False, server_default=_NOW),
    Column("who", Text, nullable=False),
    Column("role", Text),
    Column("act", Text, nullable=False),
    Column("subject", Text),
    Column("outcome", Text, nullable=False),
    Column("details", JSONB, nullable=False, server_default="{}"),
    Index("audit_by_subject", "subject", "seq", postgresql_where=text("subject IS NOT NULL")),
)
