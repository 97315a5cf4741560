"""What is gathered for a person across partitions: one row per person, and its members."""

from alembic import op

revision = "0003"
down_revision = "0002"

STATEMENTS = (
    """
    CREATE TABLE alerts.gathering (
        kind text NOT NULL,
        address_key text NOT NULL,
        gathering_id text NOT NULL,
        first double precision NOT NULL,
        last double precision NOT NULL,
        quiet double precision NOT NULL,
        destination json NOT NULL,
        PRIMARY KEY (kind, address_key)
    )
    """,
    """
    CREATE TABLE alerts.gathered (
        gathering_id text NOT NULL,
        account_id text NOT NULL,
        signal_id text NOT NULL,
        band text NOT NULL,
        severity text NOT NULL,
        open integer NOT NULL,
        arr double precision,
        contract_end date,
        PRIMARY KEY (gathering_id, account_id)
    )
    """,
    "CREATE INDEX gathered_by_account ON alerts.gathered (account_id)",
    "CREATE UNIQUE INDEX gathering_by_id ON alerts.gathering (gathering_id)",
    "ALTER TABLE alerts.notification ADD COLUMN gathering_id text, ADD COLUMN summary json",
    """
    CREATE INDEX notification_by_gathering ON alerts.notification (gathering_id) WHERE gathering_id IS NOT NULL
    """,
    # A first look says in which band an account stands, as a band does.
    "DROP INDEX alerts.alert_bands",
    "CREATE INDEX alert_bands ON alerts.alert (account_id, seq) WHERE kind IN ('band', 'first_look')",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
