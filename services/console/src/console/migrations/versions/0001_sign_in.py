"""Who may use the console, their sessions and sign-in links, and what they did."""

from alembic import op

revision = "0001"
down_revision = None

_APPEND_ONLY = """
CREATE FUNCTION console.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit is append-only';
END
$$
"""


def upgrade() -> None:
    op.execute("""
        CREATE TABLE console.console_user (
            user_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            email text NOT NULL CHECK (email = lower(email) AND email <> ''),
            name text,
            role text NOT NULL CHECK (role IN ('csm', 'lead', 'admin')),
            language text CHECK (language IN ('en', 'ja')),
            oidc_subject text UNIQUE,
            created_at timestamptz NOT NULL DEFAULT now(),
            disabled_at timestamptz,
            CONSTRAINT console_user_email UNIQUE (email)
        )
    """)
    op.execute("""
        CREATE TABLE console.session (
            token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
            user_id bigint NOT NULL REFERENCES console.console_user,
            created_at timestamptz NOT NULL DEFAULT now(),
            seen_at timestamptz NOT NULL DEFAULT now()
        )
    """)
    op.execute("CREATE INDEX session_by_user ON console.session (user_id)")
    op.execute("CREATE INDEX session_by_seen ON console.session (seen_at)")
    op.execute("""
        CREATE TABLE console.sign_in_link (
            token_sha256 bytea PRIMARY KEY CHECK (length(token_sha256) = 32),
            user_id bigint NOT NULL REFERENCES console.console_user,
            created_at timestamptz NOT NULL DEFAULT now(),
            expires_at timestamptz NOT NULL,
            used_at timestamptz
        )
    """)
    op.execute("CREATE INDEX sign_in_link_by_user ON console.sign_in_link (user_id)")
    op.execute("""
        CREATE TABLE console.audit (
            seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            at timestamptz NOT NULL DEFAULT now(),
            who text NOT NULL,
            role text,
            act text NOT NULL,
            subject text,
            outcome text NOT NULL,
            details jsonb NOT NULL DEFAULT '{}'
        )
    """)
    op.execute("CREATE INDEX audit_by_subject ON console.audit (subject, seq) WHERE subject IS NOT NULL")
    op.execute(_APPEND_ONLY)
    op.execute("""
        CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON console.audit
        FOR EACH STATEMENT EXECUTE FUNCTION console.refuse_change()
    """)


def downgrade() -> None:
    op.execute("DROP TABLE console.audit, console.sign_in_link, console.session, console.console_user")
    op.execute("DROP FUNCTION console.refuse_change()")
