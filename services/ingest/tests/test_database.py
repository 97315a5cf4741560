"""Migrations and the keys command, on a real PostgreSQL."""

import asyncio
import re
import subprocess
import sys
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from common.database import engine, migrate
from ingest.schema import METADATA

TABLES = [str(table) for table in METADATA.tables]
NEWEST = max(file.name[:4] for file in files("ingest.migrations.versions").iterdir() if file.name[0].isdigit())
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
    assert await query(empty_database, own) == sorted([*TABLES, "ingest.api_key", "ingest.schema_version"])
    assert await query(empty_database, "SELECT version_num FROM ingest.schema_version") == [NEWEST]


async def test_a_migration_that_cannot_have_its_lock_gives_up_and_changes_nothing(database: str) -> None:
    pool = engine(database)
    async with pool.begin() as busy:
        await busy.execute(text("LOCK TABLE ingest.schema_version IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            await migrate(database, "ingest")
    await pool.dispose()
    assert await query(database, "SELECT version_num FROM ingest.schema_version") == [NEWEST]


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


def test_a_rotated_key_is_listed_with_its_end_beside_the_new_one(empty_database: str) -> None:
    database = empty_database
    ingest(database, "migrate")
    limit = ("--events-per-second", "50", "--burst", "100")
    key_id = ingest(database, "keys", "create", "--source", "web", "--scope", "events", *limit).split("_")[1]
    new_id = ingest(database, "keys", "rotate", key_id, "--overlap", "2h").split("_")[1]
    shown = ingest(database, "keys", "list")
    assert re.search(rf"^{key_id}  web +events  50/s burst 100 .*never +[0-9-]+ [0-9:]+Z +-$", shown, re.MULTILINE)
    assert re.search(rf"^{new_id}  web +events  50/s burst 100 .*never +- +-$", shown, re.MULTILINE)
    ingest(database, "keys", "rotate", "nobody", code=1)


def test_a_rotated_key_that_ends_is_followed_by_one_of_the_same_lifetime(empty_database: str) -> None:
    database = empty_database
    ingest(database, "migrate")
    key_id = ingest(database, "keys", "create", "--source", "web", "--scope", "read", "--expires", "90d").split("_")[1]
    same = ingest(database, "keys", "rotate", key_id).split("_")[1]
    shorter = ingest(database, "keys", "rotate", key_id, "--expires", "1h").split("_")[1]
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"
    found = re.findall(rf"^(\w{{12}}) .*?({moment})  never +({moment})", ingest(database, "keys", "list"), re.MULTILINE)
    lives = {one: datetime.fromisoformat(end) - datetime.fromisoformat(made) for one, made, end in found}
    assert (lives[same], lives[shorter]) == (timedelta(days=90), timedelta(hours=1))


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
        ("--source", "web", "--scope", "owner"),
        ("--source", "Web Shop", "--scope", "write"),
        ("--source", "web", "--scope", "write", "--burst", "20"),
        ("--source", "web", "--scope", "write", "--events-per-second", "20"),
        ("--source", "web", "--scope", "write", "--events-per-second", "nan", "--burst", "20"),
        ("--source", "web", "--scope", "write", "--events-per-second", "-1", "--burst", "20"),
        ("--source", "web", "--scope", "write", "--expires", "tomorrow"),
        ("--source", "web", "--scope", "write", "--expires", "999999w"),
    ],
)
def test_a_key_needs_a_source_a_scope_that_exists_and_a_whole_limit(words: tuple[str, ...]) -> None:
    ingest(NOWHERE, "keys", "create", *words, code=2)
