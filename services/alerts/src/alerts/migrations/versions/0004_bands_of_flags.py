"""The bands of an account are those that flags bring, too."""

from alembic import op

revision = "0004"
down_revision = "0002"

STATEMENTS = (
    """
    CREATE INDEX alert_telling_bands ON alerts.alert (account_id, seq)
    WHERE kind = 'band' OR kind = 'flag' AND body -> 'before' ->> 'band' <> body -> 'after' ->> 'band'
    """,
    "DROP INDEX alerts.alert_bands",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
