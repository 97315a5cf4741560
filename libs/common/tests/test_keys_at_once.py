"""Two changes of keys at once, in a real PostgreSQL: each change waits for the other where it has to."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import engine
from common.key_table import alter_api_key_2, alter_api_key_3, create_api_key_1
from common.keys import AskingKeyEnded, KeyStore, Scope

ADMIN = frozenset({Scope.ADMIN, Scope.WRITE})
WRITE = frozenset({Scope.WRITE})
HOUR = timedelta(hours=1)
LOCK = "SELECT FROM house.api_key WHERE id = :id FOR NO KEY UPDATE"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

Change = Callable[[KeyStore, str, str], Awaitable[object]]
"""Of a store, by the key that asks, for another key."""


@pytest.fixture
async def connected(database: str) -> AsyncIterator[AsyncEngine]:
    pool = engine(database)
    async with pool.begin() as connection:
        await connection.execute(text("CREATE SCHEMA house"))
        for made in (create_api_key_1, alter_api_key_2, alter_api_key_3):
            await connection.execute(text(made("house")))
    yield pool
    await pool.dispose()


async def make(store: KeyStore, by: str, _: str) -> object:
    return await store.make(source="web", scopes=WRITE, by=by)


async def rotate(store: KeyStore, by: str, other: str) -> object:
    return await store.rotate(other, overlap=HOUR, by=by)


async def rotate_itself(store: KeyStore, by: str, _: str) -> object:
    return await store.rotate(by, overlap=HOUR, by=by)


async def revoke(store: KeyStore, by: str, other: str) -> object:
    return await store.revoke(other, by=by)


async def new_key(store: KeyStore, scopes: frozenset[Scope]) -> str:
    return (await store.create(source="web", scopes=scopes)).split("_")[1]


async def until_waiting(connected: AsyncEngine, waiting: int = 1) -> None:
    async with asyncio.timeout(60), connected.connect() as connection:
        # Each statement has a transaction of its own, for the view is read once in each.
        await connection.execution_options(isolation_level="AUTOCOMMIT")
        while await connection.scalar(text(WAITING)) != waiting:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def is_locked(connected: AsyncEngine, key_id: str) -> bool:
    async with connected.connect() as connection:
        try:
            await connection.execute(text(f"{LOCK} NOWAIT"), {"id": key_id})
        except DBAPIError as error:
            return "could not obtain lock" in str(error)
        return False


@pytest.mark.parametrize("change", [make, rotate, rotate_itself, revoke])
# The second is a rotation without an overlap.
@pytest.mark.parametrize("ending", ["revoked_at = clock_timestamp()", "expires_at = clock_timestamp()"])
async def test_a_key_that_ends_while_its_change_waits_changes_nothing(
    connected: AsyncEngine, change: Change, ending: str
) -> None:
    store = KeyStore(connected, schema="house")
    by, other = await new_key(store, ADMIN), await new_key(store, WRITE)
    async with connected.begin() as held:
        await held.execute(text(LOCK), {"id": by})
        asked = asyncio.ensure_future(change(store, by, other))
        await until_waiting(connected)
        # The change began before the key ended, and must see that it has ended.
        await held.execute(text(f"UPDATE house.api_key SET {ending} WHERE id = :id"), {"id": by})
    with pytest.raises(AskingKeyEnded):
        await asked
    assert list(await store.active()) == [other]
    assert [key.expires_at for key in await store.list() if key.id == other] == [None]
    assert len(await store.list()) == 2


@pytest.mark.parametrize("change", [make, rotate])
async def test_a_key_cannot_end_before_its_change_is_committed(connected: AsyncEngine, change: Change) -> None:
    store = KeyStore(connected, schema="house")
    by, other = await new_key(store, ADMIN), await new_key(store, WRITE)
    async with connected.begin() as held:
        # Rows can be locked, and none can be written.
        await held.execute(text("LOCK TABLE house.api_key IN SHARE MODE"))
        asked = asyncio.ensure_future(change(store, by, other))
        await until_waiting(connected)
        assert await is_locked(connected, by)
    assert await asked is not None
    assert await store.revoke(by)
    assert len(await store.list()) == 3


async def test_a_key_is_rotated_once_by_two_who_replace_it_at_once(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    by, other = await new_key(store, ADMIN), await new_key(store, WRITE)
    async with connected.begin() as held:
        await held.execute(text(LOCK), {"id": other})
        rotated = [asyncio.ensure_future(store.rotate(other, overlap=timedelta(), by=by)) for _ in range(2)]
        await until_waiting(connected, 2)
    assert sorted(made is None for made in await asyncio.gather(*rotated)) == [False, True]
    assert len(await store.list()) == 3


async def test_two_keys_that_revoke_each_other_leave_one(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    first, second = await new_key(store, ADMIN), await new_key(store, ADMIN)
    async with connected.begin() as held:
        await held.execute(text(LOCK), {"id": min(first, second)})
        both = [asyncio.ensure_future(store.revoke(ended, by=by)) for by, ended in ((first, second), (second, first))]
        await until_waiting(connected, 2)
        assert not await is_locked(connected, max(first, second)), "both wait for the same one first"
    answers = await asyncio.gather(*both, return_exceptions=True)
    assert {type(answer) for answer in answers} == {bool, AskingKeyEnded}
    assert len(await store.active()) == 1


async def test_uses_are_written_in_the_order_of_changes(connected: AsyncEngine) -> None:
    store = KeyStore(connected, schema="house")
    ids = sorted([await new_key(store, WRITE) for _ in range(3)])
    noon = datetime(2026, 3, 2, 12, tzinfo=UTC)
    async with connected.begin() as held:
        await held.execute(text(LOCK), {"id": ids[1]})
        noted = asyncio.ensure_future(store.note_used(dict.fromkeys(reversed(ids), noon)))
        await until_waiting(connected)
        assert [await is_locked(connected, one) for one in ids] == [True, True, False]
    await noted
    assert {key.last_used_at for key in await store.list()} == {noon}
