"""Timers in record time, messages that they hold, who is told if every way fails, and what is known of accounts."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = (
    """
    CREATE TABLE alerts.timer (
        kind text NOT NULL,
        subject text NOT NULL,
        partition smallint NOT NULL,
        due double precision NOT NULL,
        PRIMARY KEY (kind, subject)
    )
    """,
    """
    CREATE TABLE alerts.account_facts (
        account_id text NOT NULL,
        recorded double precision NOT NULL,
        facts json NOT NULL,
        PRIMARY KEY (account_id)
    )
    """,
    "CREATE INDEX timer_due ON alerts.timer (partition, due)",
    "CREATE INDEX alert_bands ON alerts.alert (account_id, seq) WHERE kind = 'band'",
    """
    ALTER TABLE alerts.notification
        ADD COLUMN resolve_after double precision NOT NULL DEFAULT 0,
        ADD COLUMN fallback json,
        ADD COLUMN held_until double precision,
        ADD COLUMN resent double precision
    """,
    "CREATE INDEX notification_held ON alerts.notification (partition) WHERE status = 'held'",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
