"""Keys have more scopes, may expire, say when they were last used, and may have a limit of their own."""

from alembic import op

from common.key_table import alter_api_key_2

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.execute(alter_api_key_2("scoring"))
