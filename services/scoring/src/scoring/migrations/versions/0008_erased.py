"""Erased accounts, by their pseudonyms, and how many rows of each were deleted."""

from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE scoring.erased (
            partition smallint,
            pseudonym bytea,
            erased_at bigint,
            lifted_at bigint,
            cluster_id text NOT NULL,
            fingerprint text NOT NULL,
            erasure_id text NOT NULL,
            at double precision NOT NULL,
            removed json NOT NULL,
            PRIMARY KEY (partition, pseudonym, erased_at)
        )
        """
    )
    op.execute("CREATE INDEX erased_by_erasure ON scoring.erased (erasure_id)")


def downgrade() -> None:
    op.execute("DROP TABLE scoring.erased")
