"""What KPIs are made of, and the segment of an account."""

from alembic import op

revision = "0013"
down_revision = "0012"

# What is known of each account when the table is made: without it accounts whose facts never change would have no KPIs.
KNOWN_SO_FAR = """
INSERT INTO scoring.kpi_entry (partition, seq, n, account_id, name, at, known_at, body)
WITH newest AS (
    SELECT DISTINCT ON (partition) partition, newest AS at FROM scoring.journal ORDER BY partition, seq DESC
), said AS (
    SELECT account_id, partition, 'account.updated' AS name, json_strip_nulls(json_build_object(
        'arr', arr, 'seats', seats, 'tier', tier, 'owner', owner, 'stage', stage, 'contract_start', contract_start,
        'contract_end', contract_end, 'status', nullif(status, 'active'), 'merged_into', merged_into)) AS body
    FROM scoring.account
    UNION ALL
    SELECT account_id, partition, 'health.changed',
           json_build_object('band', band, 'stage', scored_stage, 'score', NULL)
    FROM scoring.account
)
SELECT partition, 0, row_number() OVER (PARTITION BY partition ORDER BY account_id, name), account_id, name, at, at,
       body
FROM said JOIN newest USING (partition) WHERE body::text <> '{}'
"""


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
    op.execute(KNOWN_SO_FAR)
    op.execute("CREATE INDEX kpi_entry_by_account ON scoring.kpi_entry (account_id)")
    op.execute("CREATE INDEX kpi_entry_by_person ON scoring.kpi_entry (partition, person) WHERE person IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP TABLE scoring.erased_kpi_entry")
    op.execute("DROP TABLE scoring.kpi_entry")
    op.execute("ALTER TABLE scoring.account DROP COLUMN segment")
