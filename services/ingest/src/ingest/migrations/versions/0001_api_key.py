"""Keys of those who post events."""

from alembic import op

from common.key_table import create_api_key_1

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.execute(create_api_key_1("ingest"))
