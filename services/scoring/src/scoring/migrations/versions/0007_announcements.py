"""Announcements, and which of them took effect in each partition."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE scoring.announcement (
            id text PRIMARY KEY,
            number bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
            body text NOT NULL,
            filed_at timestamptz DEFAULT now() NOT NULL
        )
        """
    )
    op.execute("CREATE TABLE scoring.applied (partition smallint, id text, PRIMARY KEY (partition, id))")
    op.execute(
        """
        CREATE TABLE scoring.feed_pause (
            partition smallint,
            source text,
            since double precision NOT NULL,
            until double precision NOT NULL,
            PRIMARY KEY (partition, source)
        )
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE scoring.feed_pause")
    op.execute("DROP TABLE scoring.applied")
    op.execute("DROP TABLE scoring.announcement")
