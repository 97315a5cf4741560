"""The journal and what is written with it, what readers filter by, and the keys of those who read."""

from alembic import op

from common.key_table import create_api_key_1

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE scoring.journal (
    partition smallint NOT NULL,
    seq bigint NOT NULL,
    to_offset bigint NOT NULL,
    clock double precision NOT NULL,
    newest double precision NOT NULL,
    writer text NOT NULL,
    cluster_id text NOT NULL,
    last_offset bigint,
    last_time bigint,
    last_hash bytea,
    origin json,
    PRIMARY KEY (partition, seq)
);

-- No index but the key, and room on each page, so that updates stay in place.
CREATE TABLE scoring.state (
    account_id text PRIMARY KEY,
    partition smallint NOT NULL,
    body bytea NOT NULL
) WITH (fillfactor = 60, toast_tuple_target = 8160);

CREATE TABLE scoring.timer (
    partition smallint NOT NULL,
    account_id text NOT NULL,
    due bigint NOT NULL,
    PRIMARY KEY (partition, account_id)
) WITH (fillfactor = 80);

CREATE TABLE scoring.seen (
    partition smallint NOT NULL,
    hour integer NOT NULL,
    seq bigint NOT NULL,
    ids bytea NOT NULL,
    PRIMARY KEY (partition, hour, seq)
);

CREATE TABLE scoring.outbox (
    partition smallint NOT NULL,
    seq bigint NOT NULL,
    n integer NOT NULL,
    topic text NOT NULL,
    stamp bigint NOT NULL,
    key bytea,
    value bytea,
    reason text,
    PRIMARY KEY (partition, seq, n)
);

CREATE TABLE scoring.account (
    account_id text PRIMARY KEY,
    partition smallint NOT NULL,
    name text,
    tier text,
    owner text,
    arr double precision,
    seats double precision,
    contract_start date,
    contract_end date,
    stage text,
    time_zone text,
    language text,
    parent text,
    band text
);
CREATE INDEX account_band ON scoring.account (band, account_id);
CREATE INDEX account_owner ON scoring.account (owner);
CREATE INDEX account_contract_end ON scoring.account (contract_end);

CREATE TABLE scoring.signal (
    signal_id text PRIMARY KEY,
    account_id text NOT NULL,
    partition smallint NOT NULL,
    kind text NOT NULL,
    at double precision NOT NULL,
    body json NOT NULL
);
CREATE INDEX signal_by_account ON scoring.signal (account_id, at);

CREATE TABLE scoring.day (
    account_id text NOT NULL,
    day date NOT NULL,
    partition smallint NOT NULL,
    body json NOT NULL,
    PRIMARY KEY (account_id, day)
);

CREATE TABLE scoring.heartbeat (
    partition smallint PRIMARY KEY,
    at double precision NOT NULL,
    caught_up boolean NOT NULL,
    lag_seconds double precision NOT NULL
) WITH (fillfactor = 50);
"""


def upgrade() -> None:
    # One statement a call: asyncpg prepares each.
    for statement in TABLES.split(";\n"):
        if statement.strip():
            op.execute(statement)
    op.execute(create_api_key_1("scoring"))
