"""Signals recorded, decided and sent, and the keys of those who ask."""

from alembic import op

from common.key_table import create_api_key_1

revision = "0001"
down_revision = None

TABLES = """
-- Where each partition of the signals topic was read to. Its row is the lock of whoever decides there.
CREATE TABLE alerts.progress (
    partition smallint NOT NULL,
    cluster_id text NOT NULL,
    to_offset bigint NOT NULL,
    last_hash bytea,
    newest double precision NOT NULL,
    PRIMARY KEY (partition)
);

-- Every signal, for ever: its id is what makes a second copy harmless.
CREATE TABLE alerts.alert (
    signal_id text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    partition smallint NOT NULL,
    account_id text NOT NULL,
    episode text NOT NULL,
    kind text NOT NULL,
    "to" text NOT NULL,
    severity text NOT NULL,
    stage text NOT NULL,
    tier text,
    owner text,
    at double precision NOT NULL,
    recorded double precision NOT NULL,
    history boolean NOT NULL,
    waiting boolean NOT NULL,
    body json NOT NULL,
    PRIMARY KEY (signal_id)
);
CREATE INDEX alert_by_account ON alerts.alert (account_id, seq);
CREATE INDEX alert_by_seq ON alerts.alert (seq);
CREATE INDEX alert_waiting ON alerts.alert (partition) WHERE waiting;

-- Every yes and no, in the order in which they were made.
CREATE TABLE alerts.decision (
    signal_id text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    at double precision NOT NULL,
    reason text NOT NULL,
    receiver text,
    address_key text,
    path text[] NOT NULL,
    notification_id text,
    PRIMARY KEY (signal_id, seq)
);

-- One message to one receiver. Sent from here, and from nowhere else.
CREATE TABLE alerts.notification (
    notification_id text NOT NULL,
    seq bigint GENERATED ALWAYS AS IDENTITY,
    partition smallint NOT NULL,
    account_id text NOT NULL,
    episode text NOT NULL,
    receiver text NOT NULL,
    address_key text NOT NULL,
    ways json NOT NULL,
    path text[] NOT NULL,
    repeat_interval double precision NOT NULL,
    reason text NOT NULL,
    rank smallint NOT NULL,
    signals text[] NOT NULL,
    decided double precision NOT NULL,
    status text NOT NULL,
    maybe_told boolean NOT NULL,
    attempts integer NOT NULL,
    due double precision NOT NULL,
    lease_until double precision,
    lease_token text,
    done double precision,
    thread text,
    PRIMARY KEY (notification_id)
);
CREATE INDEX notification_by_account ON alerts.notification (account_id, seq);
CREATE INDEX notification_by_thread ON alerts.notification (address_key, episode);
CREATE INDEX notification_pending ON alerts.notification (partition, rank, seq) WHERE status = 'pending';
CREATE INDEX notification_next ON alerts.notification (address_key, account_id, seq) WHERE status = 'pending';
CREATE INDEX notification_failed ON alerts.notification (done) WHERE status = 'failed';

-- Every attempt to send: written before it, completed after it. One without an outcome was cut short.
CREATE TABLE alerts.attempt (
    notification_id text NOT NULL,
    n integer NOT NULL,
    started double precision NOT NULL,
    ended double precision,
    outcome text,
    detail text,
    PRIMARY KEY (notification_id, n)
);

-- Somebody has taken an episode in hand.
CREATE TABLE alerts.acknowledgement (
    account_id text NOT NULL,
    episode text NOT NULL,
    signal_id text NOT NULL,
    severity text NOT NULL,
    by text NOT NULL,
    note text,
    at double precision NOT NULL,
    PRIMARY KEY (account_id, episode)
);
"""


def upgrade() -> None:
    # One statement a call: asyncpg prepares each.
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute(create_api_key_1("alerts"))
