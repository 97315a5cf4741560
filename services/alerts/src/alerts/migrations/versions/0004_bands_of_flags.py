"""The bands of an account are those that flags bring, too, and first looks."""

from alembic import op

revision = "0004"
down_revision = "0003"

STATEMENTS = (
    """
    CREATE INDEX alert_telling_bands ON alerts.alert (account_id, seq)
    WHERE kind IN ('band', 'first_look') OR kind = 'flag' AND body -> 'before' ->> 'band' <> body -> 'after' ->> 'band'
    """,
    "DROP INDEX alerts.alert_bands",
)


def upgrade() -> None:
    for statement in STATEMENTS:
        op.execute(statement)
