"""Aliases: the accounts as which merged ones go on."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE ingest.alias (
            account_id text PRIMARY KEY,
            into_id text NOT NULL,
            at timestamptz NOT NULL,
            source text NOT NULL,
            event_id text NOT NULL,
            changed timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE ingest.alias")
