"""Requests to erase an account."""

from alembic import op

revision = "0006"
down_revision = "0005"

STATEMENTS = (
    """
    CREATE TABLE ingest.erasure (
        erasure_id text PRIMARY KEY,
        pseudonym bytea NOT NULL,
        fingerprint text NOT NULL,
        partition smallint NOT NULL,
        account_id text,
        filed_at timestamptz DEFAULT now() NOT NULL,
        filed_by text NOT NULL,
        announced_at timestamptz,
        lift_asked_at timestamptz,
        lift_asked_by text,
        lifted_at timestamptz,
        removed jsonb
    )
    """,
    "CREATE UNIQUE INDEX erasure_in_force ON ingest.erasure (pseudonym) WHERE lifted_at IS NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
