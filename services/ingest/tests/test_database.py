"""Migrations and the keys command, on a real PostgreSQL."""

import asyncio
import re
import subprocess
import sys
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.database import engine, migrate

NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"

pytestmark = pytest.mark.servers


async def query(url: str, statement: str) -> list[Any]:
    pool = engine(url, pool_size=1)
    try:
        async with pool.connect() as connection:
            return list((await connection.execute(text(statement))).scalars())
    finally:
        await pool.dispose()


async def test_a_schema_is_made_once_however_many_ask_for_it_at_the_same_time(
    empty_database: str,
) -> None:
    await asyncio.gather(*(migrate(empty_database, "ingest") for _ in range(4)))
    await migrate(empty_database, "ingest")
    tables = "SELECT table_schema || '.' || table_name FROM information_schema.tables"
    own = f"{tables} WHERE table_schema IN ('ingest', 'public') ORDER BY 1"
    assert await query(empty_database, own) == [
        "ingest.alias",
        "ingest.api_key",
        "ingest.identity",
        "ingest.reject",
        "ingest.schema_version",
    ]
    assert await query(empty_database, "SELECT version_num FROM ingest.schema_version") == ["0007"]


async def test_a_migration_that_cannot_have_its_lock_gives_up_and_changes_nothing(database: str) -> None:
    pool = engine(database)
    async with pool.begin() as busy:
        await busy.execute(text("LOCK TABLE ingest.schema_version IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            await migrate(database, "ingest")
    await pool.dispose()
    assert await query(database, "SELECT version_num FROM ingest.schema_version") == ["0007"]


def ingest(database: str, *words: str, code: int = 0) -> str:
    """What the command prints."""
    done = subprocess.run(
        [sys.executable, "-m", "ingest", *words],
        env={"DATABASE_URL": database},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == code, done.stderr
    return done.stdout


def test_keys_are_shown_once_listed_without_their_secret_and_revoked(empty_database: str) -> None:
    database = empty_database
    ingest(database, "migrate")
    key = ingest(database, "keys", "create", "--source", "web", "--scope", "write").strip()
    assert re.fullmatch(r"cs_[0-9a-f]{12}_[\w-]{43}", key)
    key_id, secret = key.split("_", 2)[1:]

    shown = ingest(database, "keys", "list")
    assert re.search(rf"^{key_id}  web\s+write .* -$", shown, re.MULTILINE)
    assert secret not in shown

    ingest(database, "keys", "revoke", key_id)
    ingest(database, "keys", "revoke", key_id, code=1)
    assert re.search(rf"^{key_id}  web .*Z$", ingest(database, "keys", "list"), re.MULTILINE)


@pytest.mark.parametrize("words", [("migrate",), ("keys", "list")])
def test_a_database_that_cannot_be_reached_is_one_line(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ingest", *words],
        env={"DATABASE_URL": NOWHERE},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert re.fullmatch(r"PostgreSQL: .*\n", done.stderr)


@pytest.mark.parametrize(
    "words",
    [
        ("--source", "web"),
        ("--scope", "write"),
        ("--source", "web", "--scope", "admin"),
        ("--source", "Web Shop", "--scope", "write"),
    ],
)
def test_a_key_needs_a_source_and_a_scope_that_exist(words: tuple[str, ...]) -> None:
    ingest(NOWHERE, "keys", "create", *words, code=2)
