"""Requests to erase a person: without a partition, and with a substitute."""

from alembic import op

revision = "0008"
down_revision = "0007"

STATEMENTS = (
    "ALTER TABLE ingest.erasure ADD COLUMN user_id text",
    "ALTER TABLE ingest.erasure ADD COLUMN substitute text",
    "ALTER TABLE ingest.erasure ALTER COLUMN partition DROP NOT NULL",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
