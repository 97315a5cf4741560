"""An index of the accounts that name a parent: the roll-up of a parent looks its children up."""

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    # Ids are longer than what an index can hold only where another producer than ingest wrote them.
    op.execute("UPDATE scoring.account SET parent = left(parent, 600) WHERE length(parent) > 600")
    op.execute("CREATE INDEX account_by_parent ON scoring.account (parent) WHERE parent IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX scoring.account_by_parent")
