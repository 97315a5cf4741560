"""Keys keep the lifetime that they were made with, which a rotation gives to the next key."""

from alembic import op

from common.key_table import alter_api_key_3, fill_api_key_3

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.execute(alter_api_key_3("scoring"))
    op.execute(fill_api_key_3("scoring"))
