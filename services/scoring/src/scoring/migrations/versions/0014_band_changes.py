"""An index of the signals that changed a band: the portfolio says what moved within days."""

from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.execute("""
        CREATE INDEX signal_by_band_change ON scoring.signal (at, account_id)
        WHERE kind = 'band' OR kind = 'flag'
            AND (body -> 'before' ->> 'band') IS DISTINCT FROM (body -> 'after' ->> 'band')
    """)


def downgrade() -> None:
    op.execute("DROP INDEX scoring.signal_by_band_change")
