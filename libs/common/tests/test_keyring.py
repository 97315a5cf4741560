"""The key cache: which tokens are valid, for how long, and what happens while PostgreSQL is away."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

import pytest

from common.key_tokens import split_token
from common.keyring import Keyring
from common.keys import KeysUnavailable, StoredKey
from common.memory_keys import MemoryKeys

SECRET = "s" * 43
STRANGER = f"cs_ffffffffffff_{SECRET}"


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


async def test_a_key_is_read_once_and_then_known() -> None:
    store = MemoryKeys()
    token = store.create()
    keyring = Keyring(store, clock=Clock())
    assert keyring.not_ready_reason() == "the keys were not read yet"
    for _ in range(100):
        key = await keyring.verify(token)
        assert key is not None
        assert key.source == "web"
    assert store.count == 1
    assert keyring.not_ready_reason() is None


async def test_a_right_id_with_a_wrong_secret_is_invalid() -> None:
    store = MemoryKeys()
    key_id = store.create().split("_")[1]
    assert await Keyring(store, clock=Clock()).verify(f"cs_{key_id}_{SECRET}") is None


@pytest.mark.parametrize(
    "token",
    [
        "",
        "cs_",
        "cs_0123456789ab",
        f"cs_0123456789AB_{SECRET}",  # ids are lower case
        f"xx_0123456789ab_{SECRET}",
        f"{STRANGER}x",
        f"{STRANGER}\n",
        "cs_0123456789ab_" + "é" * 43,
    ],
)
async def test_a_malformed_token_is_never_looked_up(token: str) -> None:
    store = MemoryKeys()
    assert await Keyring(store, clock=Clock()).verify(token) is None
    assert store.count == 0


async def test_a_revoked_key_ends_within_its_time_to_live() -> None:
    store, clock = MemoryKeys(), Clock()
    token = store.create()
    keyring = Keyring(store, ttl=30, clock=clock)
    assert await keyring.verify(token) is not None
    store.revoke(token)
    clock.now += 29.9
    assert await keyring.verify(token) is not None
    clock.now += 0.1
    assert await keyring.verify(token) is None


async def test_a_new_key_works_a_second_after_it_was_refused() -> None:
    store, clock = MemoryKeys(), Clock()
    keyring = Keyring(store, miss_ttl=1, clock=clock)
    assert await keyring.verify(STRANGER) is None
    token = store.create()
    clock.now += 1
    assert await keyring.verify(token) is not None


async def test_made_up_keys_cause_one_read_a_second_and_take_no_room() -> None:
    store, clock = MemoryKeys(), Clock()
    store.create()
    keyring = Keyring(store, miss_ttl=1, clock=clock)
    for number in range(1000):
        assert await keyring.verify(f"cs_{number:012x}_{SECRET}") is None
    assert store.count == 1
    assert len(keyring) == 1


async def test_known_keys_go_on_serving_while_postgresql_is_away() -> None:
    store, clock = MemoryKeys(), Clock()
    token = store.create()
    keyring = Keyring(store, ttl=30, clock=clock)
    await keyring.verify(token)
    store.away = True
    clock.now += 3600
    for _ in range(100):
        assert await keyring.verify(token) is not None
    assert store.count == 2, "only the first of them asked"
    assert keyring.age == 3600


async def test_an_unknown_key_is_not_called_invalid_while_postgresql_is_away() -> None:
    store, clock = MemoryKeys(), Clock()
    token = store.create()
    keyring = Keyring(store, clock=clock)
    await keyring.verify(token)
    store.away = True
    clock.now += 5
    for _ in range(100):
        with pytest.raises(KeysUnavailable):
            await keyring.verify(STRANGER)
    assert store.count == 2, "a failed read is not repeated for a second"
    store.away = False
    clock.now += 1
    assert await keyring.verify(STRANGER) is None


async def test_before_the_first_read_no_key_can_be_verified() -> None:
    store = MemoryKeys()
    token = store.create()
    store.away = True
    with pytest.raises(KeysUnavailable):
        await Keyring(store, clock=Clock()).verify(token)


async def test_many_who_ask_at_once_share_one_read() -> None:
    store = MemoryKeys()
    token = store.create()
    keyring = Keyring(store, clock=Clock())
    found = await asyncio.gather(*(keyring.verify(token) for _ in range(50)))
    assert all(found)
    assert store.count == 1


async def test_a_cancelled_caller_does_not_cancel_the_shared_read() -> None:
    release = asyncio.Event()

    class Slow(MemoryKeys):
        async def active(self) -> Mapping[str, StoredKey]:
            await release.wait()
            return await super().active()

    store = Slow()
    token = store.create()
    keyring = Keyring(store, clock=Clock())
    hasty, patient = (asyncio.create_task(keyring.verify(token)) for _ in range(2))
    await asyncio.sleep(0)
    hasty.cancel()
    release.set()
    assert await patient is not None


async def test_the_task_reads_the_keys_at_once_and_ends_when_told() -> None:
    store = MemoryKeys()
    store.create()
    keyring = Keyring(store, ttl=3600)
    stop = asyncio.Event()
    task = asyncio.create_task(keyring.keep_fresh(stop))
    await store.reads.get()
    stop.set()
    await task
    assert len(keyring) == 1


async def test_the_task_outlives_an_outage() -> None:
    store = MemoryKeys()
    store.away = True
    keyring = Keyring(store, retry=0.001)
    stop = asyncio.Event()
    task = asyncio.create_task(keyring.keep_fresh(stop))
    while await store.reads.get() < 3:
        assert keyring.not_ready_reason()
    store.away = False
    await store.reads.get()
    stop.set()
    await task
    assert keyring.not_ready_reason() is None


async def test_a_key_ends_at_its_expiry_though_the_keys_cannot_be_read() -> None:
    store, moment = MemoryKeys(), datetime(2026, 3, 2, 12, tzinfo=UTC)
    present = [moment - timedelta(seconds=1)]
    token = store.create(expires_at=moment)
    keyring = Keyring(store, clock=Clock(), now=lambda: present[0])
    assert await keyring.verify(token) is not None
    store.away = True
    assert await keyring.verify(token) is not None
    present[0] = moment
    assert await keyring.verify(token) is None


async def test_a_key_that_has_expired_was_not_used() -> None:
    store, used, now = MemoryKeys(), set[str](), datetime(2026, 3, 2, 12, tzinfo=UTC)
    alive, ended = (store.create(expires_at=now + timedelta(hours=hours)) for hours in (1, -1))
    keyring = Keyring(store, used=used, clock=Clock(), now=lambda: now)
    for token in (alive, ended, alive, f"cs_{alive.split('_')[1]}_{SECRET}"):
        await keyring.verify(token)
    assert used == {alive.split("_")[1]}


def test_a_token_is_split_at_its_first_two_underscores() -> None:
    secret = "_" * 43
    assert split_token(f"cs_0123456789ab_{secret}") == ("0123456789ab", secret)
