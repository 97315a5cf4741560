"""Erased people: a row of a person has their substitute; a row of an account has none."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE alerts.erased ADD COLUMN substitute text")
