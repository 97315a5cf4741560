"""Decisions say who asked for them: whoever had a failed message sent again."""

from alembic import op

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute("ALTER TABLE alerts.decision ADD COLUMN by text")
