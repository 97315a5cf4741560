"""People are erased too: the substitute that the core has for one. Of an account there is none."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("ALTER TABLE alerts.erased ADD COLUMN substitute text")
