"""Identities in PostgreSQL and in memory, and the cache before them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from common.database import engine
from ingest.identity.cache import IdentityCache, StoredIdentities
from ingest.identity.known import IdentitiesUnavailable, KnownAccount
from ingest.identity.store import IdentityStore
from ingest.in_memory import MemoryIdentities

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"


def known(account_id: str, *, minutes: int = 0) -> KnownAccount:
    return KnownAccount(account_id, NOON + timedelta(minutes=minutes))


class Identities:
    """What every store of identities promises."""

    async def test_what_was_written_is_read_by_space(self, store: StoredIdentities) -> None:
        await store.write("web", {"ann": known("acme"), "bob": known("bolt")})
        await store.write("app", {"ann": known("other")})
        assert await store.read("web", ["ann", "bob", "eve"]) == {"ann": known("acme"), "bob": known("bolt")}
        assert await store.read("app", ["ann"]) == {"ann": known("other")}

    async def test_the_later_message_wins_whichever_comes_first(self, store: StoredIdentities) -> None:
        await store.write("web", {"ann": known("new", minutes=5)})
        await store.write("web", {"ann": known("old")})
        assert await store.read("web", ["ann"]) == {"ann": known("new", minutes=5)}

    async def test_of_two_messages_of_one_moment_the_last_wins(self, store: StoredIdentities) -> None:
        await store.write("web", {"ann": known("first")})
        await store.write("web", {"ann": known("second")})
        assert await store.read("web", ["ann"]) == {"ann": known("second")}

    async def test_ids_may_be_in_any_letters(self, store: StoredIdentities) -> None:
        odd = {"O'Hara; DROP TABLE": known("acme"), "ユーザー": known("acme"), "a" * 128: known("acme")}
        await store.write("web", odd)
        assert await store.read("web", list(odd)) == odd


class TestInMemory(Identities):
    @pytest.fixture
    def store(self) -> StoredIdentities:
        return MemoryIdentities()


@pytest.mark.servers
class TestInPostgres(Identities):
    @pytest.fixture
    async def store(self, database: str) -> AsyncIterator[StoredIdentities]:
        connected = engine(database)
        yield IdentityStore(connected)
        await connected.dispose()

    async def test_a_database_that_is_away_is_said_to_be_away(self) -> None:
        connected = engine(NOWHERE, connect_timeout=1.0)
        store = IdentityStore(connected)
        with pytest.raises(IdentitiesUnavailable):
            await store.read("web", ["ann"])
        with pytest.raises(IdentitiesUnavailable):
            await store.write("web", {"ann": known("acme")})
        await connected.dispose()


class TestCache:
    @pytest.fixture
    def store(self) -> MemoryIdentities:
        return MemoryIdentities()

    @pytest.fixture
    def clock(self) -> list[float]:
        return [0.0]

    @pytest.fixture
    def cache(self, store: MemoryIdentities, clock: list[float]) -> IdentityCache:
        return IdentityCache(store, ttl=30.0, most=3, clock=lambda: clock[0])

    async def test_what_it_knows_it_says_while_postgresql_is_away(
        self, cache: IdentityCache, store: MemoryIdentities, clock: list[float]
    ) -> None:
        await cache.learn("web", {"ann": known("acme")})
        store.away = True
        clock[0] = 3_600.0
        assert await cache.accounts("web", {"ann"}) == {"ann": known("acme")}

    async def test_an_identity_that_is_not_here_cannot_be_called_unknown_while_postgresql_is_away(
        self, cache: IdentityCache, store: MemoryIdentities
    ) -> None:
        await cache.learn("web", {"ann": known("acme")})
        store.away = True
        with pytest.raises(IdentitiesUnavailable):
            await cache.accounts("web", {"ann", "bob"})

    async def test_what_is_not_stored_is_not_known_either(self, cache: IdentityCache, store: MemoryIdentities) -> None:
        store.away = True
        with pytest.raises(IdentitiesUnavailable):
            await cache.learn("web", {"ann": known("acme")})
        store.away = False
        assert await cache.accounts("web", {"ann"}) == {}

    async def test_what_another_process_wrote_is_seen_after_the_time_to_live(
        self, cache: IdentityCache, store: MemoryIdentities, clock: list[float]
    ) -> None:
        await cache.learn("web", {"ann": known("acme")})
        await store.write("web", {"ann": known("bolt", minutes=1)})
        assert await cache.accounts("web", {"ann"}) == {"ann": known("acme")}
        clock[0] = 31.0
        assert await cache.accounts("web", {"ann"}) == {"ann": known("bolt", minutes=1)}

    async def test_an_unknown_identity_is_looked_for_each_time(
        self, cache: IdentityCache, store: MemoryIdentities
    ) -> None:
        assert await cache.accounts("web", {"ann"}) == {}
        await store.write("web", {"ann": known("acme")})
        assert await cache.accounts("web", {"ann"}) == {"ann": known("acme")}

    async def test_it_holds_so_many_and_drops_the_one_that_was_used_first(self, cache: IdentityCache) -> None:
        await cache.learn("web", {name: known(name) for name in "abc"})
        await cache.accounts("web", {"a"})
        await cache.learn("web", {"d": known("d")})
        assert len(cache) == 3
        assert (await cache.accounts("web", {"a", "b"})).keys() == {"a", "b"}

    async def test_a_person_is_forgotten_in_all_spaces(self, cache: IdentityCache) -> None:
        await cache.learn("web", {"ann": known("acme"), "bob": known("acme")})
        await cache.learn("shared", {"ann": known("acme")})
        cache.forget_user("ann")
        assert len(cache) == 1

    async def test_an_account_is_forgotten_with_all_its_identities(self, cache: IdentityCache) -> None:
        await cache.learn("web", {"ann": known("acme"), "bob": known("bolt")})
        cache.forget_account("acme")
        assert len(cache) == 1
