"""The read API counts the entries of merges that name an erased account's substitute: it reads all anew if some do."""

from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX kpi_entry_of_merged ON scoring.kpi_entry (partition, seq, n) WHERE name = 'account.merged'
    """)


def downgrade() -> None:
    op.execute("DROP INDEX scoring.kpi_entry_of_merged")
