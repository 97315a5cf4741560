"""Tickets, and the words of answers. Those of before the upgrade are not in the tables: they come from now on."""

from alembic import op

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    op.execute("ALTER TABLE scoring.kpi_entry ADD COLUMN words text")
    op.execute("CREATE INDEX kpi_entry_of_kpis ON scoring.kpi_entry (partition, seq, n) WHERE name NOT LIKE 'ticket.%'")
    op.execute("""
        CREATE INDEX kpi_entry_with_words ON scoring.kpi_entry (account_id, at)
        WHERE name LIKE 'ticket.%' OR words IS NOT NULL
    """)


def downgrade() -> None:
    # An older read API takes every entry for one of KPIs.
    op.execute("DELETE FROM scoring.kpi_entry WHERE name LIKE 'ticket.%'")
    op.execute("DROP INDEX scoring.kpi_entry_with_words")
    op.execute("DROP INDEX scoring.kpi_entry_of_kpis")
    op.execute("ALTER TABLE scoring.kpi_entry DROP COLUMN words")
