"""The people of an account, and its country and currency."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute("ALTER TABLE scoring.account ADD COLUMN country text")
    op.execute("ALTER TABLE scoring.account ADD COLUMN currency text")
    op.execute(
        """
        CREATE TABLE scoring.person (
            account_id text,
            user_id text,
            partition smallint NOT NULL,
            last_seen date NOT NULL,
            left_on date,
            name text,
            name_at double precision,
            email text,
            email_at double precision,
            role text,
            role_at double precision,
            champion boolean DEFAULT false NOT NULL,
            champion_at double precision,
            PRIMARY KEY (account_id, user_id)
        ) WITH (fillfactor = 80)
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE scoring.person")
    op.execute("ALTER TABLE scoring.account DROP COLUMN currency")
    op.execute("ALTER TABLE scoring.account DROP COLUMN country")
