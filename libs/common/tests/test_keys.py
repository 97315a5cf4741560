"""Keys in a real PostgreSQL."""

import hmac
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.commands.keys import table
from common.database import engine
from common.key_table import alter_api_key_2, api_key, create_api_key_1
from common.keyring import Keyring
from common.keys import Key, KeyStore, KeysUnavailable, Scope, StoredKey

BOTH = frozenset({Scope.READ, Scope.WRITE})
WRITE = frozenset({Scope.WRITE})


@pytest.fixture
async def connected(database: str) -> AsyncIterator[AsyncEngine]:
    pool = engine(database)
    async with pool.begin() as connection:
        await connection.execute(text("CREATE SCHEMA house"))
        await connection.execute(text(create_api_key_1("house")))
        await connection.execute(text(alter_api_key_2("house")))
    yield pool
    await pool.dispose()


async def test_a_key_is_valid_until_it_is_revoked(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    token = await store.create(source="web", scopes=WRITE)
    assert re.fullmatch(r"cs_[0-9a-f]{12}_[\w-]{43}", token)

    keyring = Keyring(store, ttl=0, miss_ttl=0)
    key = await keyring.verify(token)
    assert key is not None
    assert (key.source, key.scopes) == ("web", WRITE)

    assert await store.revoke(key.id)
    assert await keyring.verify(token) is None
    assert not await store.revoke(key.id), "once is enough"
    assert not await store.revoke("nobody")


async def test_the_secret_is_nowhere_in_the_table(connected: AsyncEngine) -> None:
    token = await KeyStore(connected, schema="house").create(source="web", scopes=BOTH)
    async with connected.connect() as connection:
        (row,) = (await connection.execute(text("SELECT api_key::text FROM house.api_key"))).scalars()
    assert token.split("_", 2)[1] in row
    assert token.split("_", 2)[2] not in row


async def test_the_list_shows_who_may_do_what_and_since_when(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    token = await store.create(source="web", scopes=WRITE)
    await store.create(source="bi", scopes=BOTH)
    await store.revoke(token.split("_")[1])
    first, second = await store.list()
    assert (first.source, first.scopes, second.source, second.scopes) == ("web", WRITE, "bi", BOTH)
    assert first.revoked_at is not None
    assert first.revoked_at >= first.created_at
    assert second.revoked_at is None
    assert list(await store.active()) == [second.id]


async def test_a_scope_of_a_newer_release_is_ignored(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    token = await store.create(source="web", scopes=WRITE)
    async with connected.begin() as connection:
        await connection.execute(text("ALTER TABLE house.api_key DROP CONSTRAINT api_key_scopes_check"))
        await connection.execute(text("UPDATE house.api_key SET scopes = ARRAY['exports', 'events']"))
    key = await Keyring(store).verify(token)
    assert key is not None
    assert key.scopes == {Scope.EVENTS}


async def test_keys_are_unavailable_without_their_table(connected: AsyncEngine) -> None:
    with pytest.raises(KeysUnavailable, match=r"elsewhere\.api_key"):
        await KeyStore(connected, schema="elsewhere").active()


async def test_keys_are_unavailable_without_their_database(database: str) -> None:
    nowhere = engine(database.replace("/test_", "/missing_"))
    with pytest.raises(KeysUnavailable, match="does not exist"):
        await KeyStore(nowhere, schema="house").active()
    await nowhere.dispose()


async def test_keys_are_unavailable_without_postgresql() -> None:
    nowhere = engine("postgresql+asyncpg://churn@127.0.0.1:1/churn")
    with pytest.raises(KeysUnavailable):
        await KeyStore(nowhere, schema="house").active()
    await nowhere.dispose()


async def test_the_definition_and_the_migration_are_the_same_table(connected: AsyncEngine) -> None:
    def columns(connection: Connection, name: str) -> dict[str, tuple[str, bool]]:
        found = inspect(connection).get_columns(name, schema="house")
        return {column["name"]: (str(column["type"]), column["nullable"]) for column in found}

    async with connected.connect() as connection:
        migrated = await connection.run_sync(columns, "api_key")
        await connection.execute(text("ALTER TABLE house.api_key RENAME TO migrated"))
        await connection.run_sync(api_key(MetaData(schema="house")).create)
        defined = await connection.run_sync(columns, "api_key")
    assert defined == migrated


def test_secrets_are_compared_as_digests_and_in_constant_time(monkeypatch: pytest.MonkeyPatch) -> None:
    secret, compared = "s" * 43, []
    in_constant_time = hmac.compare_digest

    def watched(kept: bytes, told: bytes) -> bool:
        compared.append((kept, told))
        return in_constant_time(kept, told)

    monkeypatch.setattr(hmac, "compare_digest", watched)
    stored = StoredKey(Key("0123456789ab", "web", WRITE, datetime.now(UTC)), sha256(secret.encode()).digest())
    # Wrong at once, wrong at the end, right: each takes the same one comparison.
    assert [stored.has_secret(told) for told in ("t" * 43, "s" * 42 + "t", secret)] == [False, False, True]
    assert [(kept, len(told)) for kept, told in compared] == [(stored.secret_sha256, 32)] * 3


def test_the_printed_list_is_aligned_and_holds_no_secret() -> None:
    created = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
    keys = [Key("0123456789ab", "web", BOTH, created), Key("ba9876543210", "billing", WRITE, created, created)]
    assert table(keys).splitlines() == [
        "ID            SOURCE   SCOPES      CREATED               REVOKED",
        "0123456789ab  web      read,write  2026-01-02 03:04:05Z  -",
        "ba9876543210  billing  write       2026-01-02 03:04:05Z  2026-01-02 03:04:05Z",
    ]
