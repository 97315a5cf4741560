"""An erasure finds the entries that name the erased account as the one into which another was merged."""

from alembic import op

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX kpi_entry_of_merged ON scoring.kpi_entry ((body ->> 'merged_into'))
        WHERE body ->> 'merged_into' IS NOT NULL
    """)


def downgrade() -> None:
    op.execute("DROP INDEX scoring.kpi_entry_of_merged")
