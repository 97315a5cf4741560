"""Keys keep the lifetime that they were made with, which a rotation gives to the next key."""

from alembic import op

from common.key_table import alter_api_key_3, fill_api_key_3

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.execute(alter_api_key_3("alerts"))
    op.execute(fill_api_key_3("alerts"))
