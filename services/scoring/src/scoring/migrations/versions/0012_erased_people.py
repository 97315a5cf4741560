"""Erased people: the substitute that takes a person's place in earlier records."""

from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.execute("ALTER TABLE scoring.erased ADD COLUMN substitute text")


def downgrade() -> None:
    op.execute("ALTER TABLE scoring.erased DROP COLUMN substitute")
