"""A dead letter says how often its record was on the log."""

from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.execute("ALTER TABLE scoring.outbox ADD COLUMN attempt smallint")
