"""Keys have more scopes, may expire, say when they were last used, and may have a limit of their own."""

from alembic import op

from common.key_table import alter_api_key_2

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(alter_api_key_2("alerts"))
