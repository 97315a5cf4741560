"""The table of API keys, which every service that checks keys has in its own schema."""

from sqlalchemy import Column, DateTime, Double, Integer, Interval, LargeBinary, MetaData, Table, Text, text
from sqlalchemy.dialects.postgresql import ARRAY


def api_key(metadata: MetaData) -> Table:
    """For queries; `metadata` names the schema."""
    return Table(
        "api_key",
        metadata,
        Column("id", Text, primary_key=True),
        Column("secret_sha256", LargeBinary, nullable=False),
        Column("source", Text, nullable=False),
        Column("scopes", ARRAY(Text), nullable=False),
        Column("created_at", DateTime(timezone=True), nullable=False, server_default=text("now()")),
        Column("revoked_at", DateTime(timezone=True)),
        Column("expires_at", DateTime(timezone=True)),
        Column("last_used_at", DateTime(timezone=True)),
        Column("events_per_second", Double),
        Column("burst_events", Integer),
        # What was asked for. A rotation moves `expires_at`, and this stays.
        Column("lifetime", Interval),
    )


def create_api_key_1(schema: str) -> str:
    """DDL of the table's first version, for migrations. Never edited: a change of the table gets a new function."""
    return f"""
        CREATE TABLE "{schema}".api_key (
            id text PRIMARY KEY,
            secret_sha256 bytea NOT NULL CHECK (length(secret_sha256) = 32),
            source text NOT NULL CHECK (source <> ''),
            scopes text[] NOT NULL CHECK (cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'write']),
            created_at timestamptz NOT NULL DEFAULT now(),
            revoked_at timestamptz
        )
    """


def alter_api_key_2(schema: str) -> str:
    """DDL of the second version: more scopes, expiry, last use, a limit of its own. Never edited."""
    return f"""
        ALTER TABLE "{schema}".api_key
            DROP CONSTRAINT api_key_scopes_check,
            ADD CONSTRAINT api_key_scopes_check CHECK (
                cardinality(scopes) > 0 AND scopes <@ ARRAY['read', 'write', 'events', 'webhooks', 'admin']
            ),
            ADD COLUMN expires_at timestamptz,
            ADD COLUMN last_used_at timestamptz,
            ADD COLUMN events_per_second double precision
                CHECK (events_per_second >= 0 AND events_per_second < 'infinity'),
            ADD COLUMN burst_events integer CHECK (burst_events > 0),
            ADD CONSTRAINT api_key_limit_is_whole CHECK (
                events_per_second = 0 OR (events_per_second IS NULL) = (burst_events IS NULL)
            )
    """


def alter_api_key_3(schema: str) -> str:
    """DDL of the third version: the lifetime, which a rotation gives to the next key. Never edited."""
    return f'ALTER TABLE "{schema}".api_key ADD COLUMN lifetime interval'


def fill_api_key_3(schema: str) -> str:
    """The lifetimes of older keys. That of a key which was rotated before ends with its overlap. Never edited."""
    return f'UPDATE "{schema}".api_key SET lifetime = expires_at - created_at WHERE expires_at IS NOT NULL'
