"""The accounts of user and anonymous ids, and the messages that could not be taken."""

from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE ingest.identity (
            space text NOT NULL,
            id text NOT NULL,
            account_id text NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (space, id)
        )
        """
    )
    # For erasures and exports, which look for the identities of one account.
    op.execute("CREATE INDEX identity_by_account ON ingest.identity (account_id)")
    op.execute(
        """
        CREATE TABLE ingest.reject (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL,
            source text NOT NULL,
            key_id text NOT NULL,
            format text NOT NULL,
            message_id text,
            label text NOT NULL,
            reason text NOT NULL,
            errors jsonb NOT NULL,
            dead_letter text
        )
        """
    )
    op.execute("CREATE INDEX reject_by_source ON ingest.reject (source, id)")


def downgrade() -> None:
    op.execute("DROP TABLE ingest.reject")
    op.execute("DROP TABLE ingest.identity")
