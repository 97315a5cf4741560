"""What KPIs are made of, and the segment of an account."""

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.execute("ALTER TABLE scoring.account ADD COLUMN segment text")
    op.execute(
        """
        CREATE TABLE scoring.kpi_entry (
            partition smallint,
            seq bigint,
            n integer,
            account_id text NOT NULL,
            name text NOT NULL,
            at double precision NOT NULL,
            known_at double precision NOT NULL,
            key bigint,
            person bytea,
            body json NOT NULL,
            PRIMARY KEY (partition, seq, n)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE scoring.erased_kpi_entry (
            drawn_id text,
            n integer,
            name text NOT NULL,
            at double precision NOT NULL,
            known_at double precision NOT NULL,
            key bigint,
            person bytea,
            body json NOT NULL,
            PRIMARY KEY (drawn_id, n)
        )
        """
    )
    op.execute("CREATE INDEX kpi_entry_by_account ON scoring.kpi_entry (account_id)")
    op.execute("CREATE INDEX kpi_entry_by_person ON scoring.kpi_entry (partition, person) WHERE person IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP TABLE scoring.erased_kpi_entry")
    op.execute("DROP TABLE scoring.kpi_entry")
    op.execute("ALTER TABLE scoring.account DROP COLUMN segment")
