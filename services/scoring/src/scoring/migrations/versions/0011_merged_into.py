"""The account that a merged one goes on as."""

from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.execute("ALTER TABLE scoring.account ADD COLUMN merged_into text")


def downgrade() -> None:
    op.execute("ALTER TABLE scoring.account DROP COLUMN merged_into")
