"""Whether an account is a customer: active, leaving or churned."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE scoring.account ADD COLUMN status text DEFAULT 'active' NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE scoring.account DROP COLUMN status")
