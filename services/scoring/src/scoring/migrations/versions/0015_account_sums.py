"""An index that counts and sums of accounts are read from: the list's total, and the portfolio by band."""

from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.execute("CREATE INDEX account_sums ON scoring.account (status, band, arr) WHERE merged_into IS NULL")


def downgrade() -> None:
    op.execute("DROP INDEX scoring.account_sums")
