"""Whether an account is a customer (active, leaving or churned), and the stage that it is scored in."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.execute("ALTER TABLE scoring.account ADD COLUMN status text DEFAULT 'active' NOT NULL")
    op.execute("ALTER TABLE scoring.account ADD COLUMN scored_stage text DEFAULT 'adoption' NOT NULL")
    # The worker writes the column whenever an account is next touched; until then the fact says it.
    op.execute("UPDATE scoring.account SET scored_stage = stage WHERE stage IS NOT NULL")


def downgrade() -> None:
    op.execute("ALTER TABLE scoring.account DROP COLUMN scored_stage")
    op.execute("ALTER TABLE scoring.account DROP COLUMN status")
