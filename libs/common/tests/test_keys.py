"""Keys in a real PostgreSQL."""

import hmac
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.commands.keys import table
from common.database import engine
from common.key_table import alter_api_key_2, alter_api_key_3, api_key, create_api_key_1, fill_api_key_3
from common.keyring import Keyring
from common.keys import Key, KeyStore, KeysUnavailable, Scope, StoredKey
from common.token_bucket import RateLimit

BOTH = frozenset({Scope.READ, Scope.WRITE})
WRITE = frozenset({Scope.WRITE})


@pytest.fixture
async def connected(database: str) -> AsyncIterator[AsyncEngine]:
    pool = engine(database)
    async with pool.begin() as connection:
        await connection.execute(text("CREATE SCHEMA house"))
        await connection.execute(text(create_api_key_1("house")))
        await connection.execute(text(alter_api_key_2("house")))
        await connection.execute(text(alter_api_key_3("house")))
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


async def test_a_rotated_key_works_beside_the_new_one_until_the_overlap_ends(connected: AsyncEngine) -> None:
    store, ahead = KeyStore(connected, schema="house"), timedelta()
    token = await store.create(source="web", scopes=WRITE, limit=RateLimit(per_second=10.0, burst=20))
    keyring = Keyring(store, miss_ttl=0, now=lambda: datetime.now(UTC) + ahead)
    old_id = token.split("_")[1]
    made = await store.rotate(old_id, overlap=timedelta(hours=24))
    assert made is not None
    new_token = made.token
    old, new = await store.list()
    assert (made.replaced_until, made.expires_at) == (old.expires_at, None)
    assert (new.source, new.scopes, new.limit, new.expires_at) == (old.source, old.scopes, old.limit, None)
    assert old.expires_at == new.created_at + timedelta(hours=24), "one transaction has one time"

    assert [await keyring.verify(one) is not None for one in (token, new_token)] == [True, True]
    ahead = timedelta(hours=24, seconds=1)
    assert [await keyring.verify(one) is not None for one in (token, new_token)] == [False, True]


async def test_an_overlap_never_makes_a_key_live_longer(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    token = await store.create(source="web", scopes=WRITE, expires_after=timedelta(hours=1))
    (before,) = await store.list()
    assert before.expires_at == before.created_at + timedelta(hours=1)
    await store.rotate(token.split("_")[1], overlap=timedelta(hours=24), lifetime=timedelta(days=90))
    old, new = await store.list()
    assert (old.expires_at, new.expires_at) == (before.expires_at, new.created_at + timedelta(days=90))


async def test_a_rotated_key_gives_its_lifetime_to_the_next_one(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    first = (await store.create(source="web", scopes=WRITE, expires_after=timedelta(days=90))).split("_")[1]
    async with connected.begin() as connection:
        older = "created_at = created_at - interval '80 days', expires_at = expires_at - interval '80 days'"
        await connection.execute(text(f"UPDATE house.api_key SET {older}"))
    made = await store.rotate(first, overlap=timedelta(hours=24))
    # The overlap is cut short. That the first key ends tomorrow is not what it was made for.
    again = await store.rotate(first, overlap=timedelta(hours=1))
    assert made is not None
    assert again is not None
    _, second, third = await store.list()
    assert second.expires_at == second.created_at + timedelta(days=90) == made.expires_at
    assert third.expires_at == third.created_at + timedelta(days=90) == again.expires_at
    shorter = await store.rotate(third.id, overlap=timedelta(hours=1), lifetime=timedelta(days=30))
    assert shorter is not None
    after = await store.rotate(shorter.token.split("_")[1], overlap=timedelta(hours=1))
    assert after is not None
    *_, last = await store.list()
    assert last.expires_at == last.created_at + timedelta(days=30) == after.expires_at


async def test_a_key_without_an_end_is_rotated_twice_and_no_key_gets_one(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    first = (await store.create(source="web", scopes=WRITE)).split("_")[1]
    for _ in range(2):
        made = await store.rotate(first, overlap=timedelta(hours=24))
        assert made is not None
        assert made.expires_at is None


async def test_older_keys_get_the_lifetime_that_they_were_made_with(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    ending = (await store.create(source="web", scopes=WRITE, expires_after=timedelta(days=90))).split("_")[1]
    endless = (await store.create(source="crm", scopes=WRITE)).split("_")[1]
    async with connected.begin() as connection:
        await connection.execute(text("UPDATE house.api_key SET lifetime = NULL"))
        await connection.execute(text(fill_api_key_3("house")))
    for key_id in (ending, endless):
        await store.rotate(key_id, overlap=timedelta())
    lives = {key.source: key.expires_at and key.expires_at - key.created_at for key in await store.list()}
    assert lives == {"web": timedelta(days=90), "crm": None}


async def test_only_an_active_key_can_be_rotated(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    revoked = (await store.create(source="web", scopes=WRITE)).split("_")[1]
    await store.revoke(revoked)
    expired = (await store.create(source="web", scopes=WRITE, expires_after=timedelta())).split("_")[1]
    assert await store.active() == {}
    for key_id in (revoked, expired, "nobody"):
        assert await store.rotate(key_id, overlap=timedelta(hours=1)) is None
    assert len(await store.list()) == 2


async def test_the_latest_use_of_a_key_stays(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    web, crm, unused = [(await store.create(source="web", scopes=WRITE)).split("_")[1] for _ in range(3)]
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    await store.note_used({web: noon, crm: noon})
    # Another process writes later what it saw earlier; a key may be gone.
    await store.note_used({web: noon - timedelta(minutes=1), crm: noon + timedelta(minutes=1), "nobody": noon})
    found = {key.id: key.last_used_at for key in await store.list()}
    assert found == {web: noon, crm: noon + timedelta(minutes=1), unused: None}


async def test_uses_that_cannot_be_written_are_for_another_time(connected: AsyncEngine) -> None:
    with pytest.raises(KeysUnavailable):
        await KeyStore(connected, schema="elsewhere").note_used({"web": datetime.now(UTC)})


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
    keys = [
        Key("0123456789ab", "web", BOTH, created),
        Key("ba9876543210", "billing", WRITE, created, created, created, created, RateLimit(0.5, 20)),
        # Made by a newer release, with a scope that this one does not know
        Key("ffffffffffff", "bi", frozenset(), created, limit=RateLimit(0, 0)),
    ]
    assert table(keys).splitlines() == [
        "ID            SOURCE   SCOPES      LIMIT           CREATED               LAST USED             "
        "EXPIRES               REVOKED",
        "0123456789ab  web      read,write  -               2026-01-02 03:04:05Z  never                 "
        "-                     -",
        "ba9876543210  billing  write       0.5/s burst 20  2026-01-02 03:04:05Z  2026-01-02 03:04:05Z  "
        "2026-01-02 03:04:05Z  2026-01-02 03:04:05Z",
        "ffffffffffff  bi       -           none            2026-01-02 03:04:05Z  never                 "
        "-                     -",
    ]
