"""Counts of each source by the hour, whether it is silent, and the announcements that wait for scoring.

These tables have no events and no accounts.
"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("""
        CREATE TABLE ingest.source_hour (
            source text NOT NULL,
            hour timestamptz NOT NULL,
            events bigint NOT NULL,
            history bigint NOT NULL,
            not_standard bigint NOT NULL,
            newest_event_at timestamptz,
            newest_received_at timestamptz,
            lags bigint[] NOT NULL,
            PRIMARY KEY (source, hour)
        )
    """)
    op.execute("CREATE INDEX source_hour_hour ON ingest.source_hour (hour)")
    op.execute("""
        CREATE TABLE ingest.source_refusal (
            source text NOT NULL,
            hour timestamptz NOT NULL,
            reason text NOT NULL,
            items bigint NOT NULL,
            PRIMARY KEY (source, hour, reason)
        )
    """)
    op.execute("CREATE INDEX source_refusal_hour ON ingest.source_refusal (hour)")
    op.execute("""
        CREATE TABLE ingest.source_state (
            source text PRIMARY KEY,
            silent boolean NOT NULL,
            since timestamptz NOT NULL,
            changed_at timestamptz NOT NULL DEFAULT now(),
            announcement_id text,
            filed_at timestamptz
        )
    """)
    op.execute("""
        CREATE TABLE ingest.announcement_outbox (
            n bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            id text NOT NULL UNIQUE,
            body text NOT NULL,
            created_at timestamptz NOT NULL DEFAULT now(),
            attempts integer NOT NULL DEFAULT 0,
            retry_at timestamptz NOT NULL DEFAULT now()
        )
    """)
