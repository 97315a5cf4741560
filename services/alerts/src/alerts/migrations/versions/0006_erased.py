"""Accounts that were erased, by their pseudonyms, and the ids of their signals."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    """
    CREATE TABLE alerts.erased (
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
    """,
    "CREATE INDEX erased_by_erasure ON alerts.erased (erasure_id)",
    "CREATE TABLE alerts.erased_signal (signal_id text PRIMARY KEY)",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
