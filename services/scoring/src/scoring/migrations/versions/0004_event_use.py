"""Which names events had, and which values no metric could use."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE scoring.event_name (
            name text PRIMARY KEY,
            count bigint NOT NULL,
            last_seen double precision NOT NULL,
            account_id text NOT NULL,
            event_id text NOT NULL
        )
        """
    )
    op.execute(
        """
        CREATE TABLE scoring.unusable_value (
            metric text,
            event text,
            property text,
            reason text,
            count bigint NOT NULL,
            last_seen double precision NOT NULL,
            account_id text NOT NULL,
            event_id text NOT NULL,
            value text NOT NULL,
            PRIMARY KEY (metric, event, property, reason)
        )
        """
    )
