"""The records of Stripe: customers, subscriptions, and how each message was decided."""

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE ingest.stripe_customer (
            webhook text NOT NULL,
            id text NOT NULL,
            account_id text,
            created bigint NOT NULL,
            stage smallint NOT NULL,
            PRIMARY KEY (webhook, id)
        )
        """
    )
    op.execute("CREATE INDEX stripe_customer_by_account ON ingest.stripe_customer (account_id)")
    op.execute(
        """
        CREATE TABLE ingest.stripe_subscription (
            webhook text NOT NULL,
            id text NOT NULL,
            customer text NOT NULL,
            account_id text,
            created bigint NOT NULL,
            stage smallint NOT NULL,
            body bytea NOT NULL,
            PRIMARY KEY (webhook, id)
        )
        """
    )
    op.execute("CREATE INDEX stripe_subscription_by_customer ON ingest.stripe_subscription (customer)")
    op.execute("CREATE INDEX stripe_subscription_by_account ON ingest.stripe_subscription (account_id)")
    op.execute(
        """
        CREATE TABLE ingest.stripe_told (
            webhook text NOT NULL,
            key text NOT NULL,
            at timestamptz NOT NULL,
            PRIMARY KEY (webhook, key)
        )
        """
    )
    op.execute(
        """
        CREATE TABLE ingest.stripe_delivery (
            webhook text NOT NULL,
            message_id text NOT NULL,
            account_ids text[] NOT NULL,
            decided_at timestamptz NOT NULL DEFAULT now(),
            published boolean NOT NULL DEFAULT false,
            body bytea NOT NULL,
            PRIMARY KEY (webhook, message_id)
        )
        """
    )
    op.execute("CREATE INDEX stripe_delivery_by_time ON ingest.stripe_delivery (decided_at)")
    # For erasures, which look for the rows that name one account.
    op.execute("CREATE INDEX stripe_delivery_by_account ON ingest.stripe_delivery USING gin (account_ids)")


def downgrade() -> None:
    for table in ("stripe_delivery", "stripe_told", "stripe_subscription", "stripe_customer"):
        op.execute(f"DROP TABLE ingest.{table}")
