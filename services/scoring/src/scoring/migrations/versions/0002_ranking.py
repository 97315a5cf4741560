"""Rankings, and an index for every order of the list; owners are found in any case."""

from alembic import op

revision = "0002"
down_revision = "0001"

STATEMENTS = """
CREATE SEQUENCE scoring.ranking_id;

-- Unlogged, both: a crash of the server empties them, and the next ranking is there as soon as it is made.
CREATE UNLOGGED TABLE scoring.ranking (
    account_id text NOT NULL,
    ranking_id bigint NOT NULL,
    score double precision NOT NULL,
    PRIMARY KEY (account_id, ranking_id)
);
CREATE INDEX ranking_by_score ON scoring.ranking (ranking_id, score, account_id);

CREATE UNLOGGED TABLE scoring.finished_ranking (
    ranking_id bigint PRIMARY KEY,
    as_of double precision NOT NULL,
    begun double precision NOT NULL,
    ended double precision NOT NULL
);

DROP INDEX scoring.account_owner;
CREATE INDEX account_owner_key ON scoring.account (lower(btrim(owner)));

DROP INDEX scoring.account_contract_end;
CREATE INDEX account_by_contract_end ON scoring.account (contract_end, account_id);
CREATE INDEX account_by_arr ON scoring.account (arr, account_id);
CREATE INDEX account_by_name ON scoring.account (
    (lower(left(coalesce(name, account_id), 100)) COLLATE "C"), account_id
);
CREATE INDEX account_by_id ON scoring.account ((lower(left(account_id, 100)) COLLATE "C"));
CREATE INDEX account_by_severity ON scoring.account (
    array_position(ARRAY['red', 'yellow', 'insufficient_data', 'green'], band), account_id
);
"""


def upgrade() -> None:
    # One statement a call: asyncpg prepares each.
    for statement in STATEMENTS.split(";\n"):
        if statement.strip():
            op.execute(statement)
