"""Aliases in PostgreSQL and in memory, and the cache before them."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from common.database import engine
from ingest.aliases.cache import AliasCache, AliasTable
from ingest.aliases.merge import Alias, AliasesUnavailable, Merge
from ingest.aliases.store import AliasStore
from ingest.in_memory import MemoryAliases

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"


def merge(account_id: str, into: str, *, minutes: int = 0) -> Merge:
    return Merge(account_id, Alias(into, NOON + timedelta(minutes=minutes)), "crm", f"{account_id}>{into}")


class AliasContract:
    """What every table of aliases promises."""

    async def test_what_was_merged_is_read_until_it_is_known(self, table: AliasTable) -> None:
        empty = await table.read(None)
        assert empty is not None
        assert empty.aliases == {}
        await table.merge([merge("a", "b")])
        changed = await table.read(empty.version)
        assert changed is not None
        assert changed.aliases == {"a": Alias("b", NOON)}
        assert await table.read(changed.version) is None
        await table.merge([merge("a", "c", minutes=1)])
        again = await table.read(changed.version)
        assert again is not None
        assert again.aliases == {"a": Alias("c", NOON + timedelta(minutes=1))}

    async def test_a_circle_is_refused_by_what_other_processes_stored(self, table: AliasTable) -> None:
        await table.merge([merge("b", "c")])
        await table.merge([merge("c", "a")])
        decided = await table.merge([merge("a", "b"), merge("d", "b")])
        assert (list(decided.refused), list(decided.written)) == ([0], ["d"])


class TestAliasesInMemory(AliasContract):
    @pytest.fixture
    def table(self) -> AliasTable:
        return MemoryAliases()


@pytest.mark.servers
class TestAliasesInPostgres(AliasContract):
    @pytest.fixture
    async def table(self, database: str) -> AsyncIterator[AliasStore]:
        connected = engine(database)
        yield AliasStore(connected)
        await connected.dispose()

    async def test_a_merge_that_is_taken_back_is_no_longer_read(self, table: AliasStore) -> None:
        await table.merge([merge("a", "b"), merge("x", "y")])
        before = await table.read(None)
        assert before is not None
        assert [one.account_id for one in await table.page(after="", limit=9, account_id="b")] == ["a"]
        assert (await table.remove("a"), await table.remove("a")) == (True, False)
        after = await table.read(before.version)
        assert after is not None
        assert list(after.aliases) == ["x"]

    async def test_a_database_that_is_away_is_said_to_be_away(self) -> None:
        connected = engine(NOWHERE, connect_timeout=1.0)
        for call in (AliasStore(connected).read(None), AliasStore(connected).merge([merge("a", "b")])):
            with pytest.raises(AliasesUnavailable):
                await call
        await connected.dispose()


async def test_a_process_goes_on_with_what_it_knows_while_postgresql_is_away() -> None:
    table = MemoryAliases()
    await table.merge([merge("a", "b"), merge("b", "c")])
    cache = AliasCache(table)
    assert await cache.last() == {"a": "c", "b": "c"}
    table.away = True
    assert await cache.last() == {"a": "c", "b": "c"}
    with pytest.raises(AliasesUnavailable):
        await cache.merge([merge("x", "y")])
    assert "x" not in await cache.last(), "what is not stored is not known either"


async def test_a_process_that_never_read_the_aliases_files_nothing() -> None:
    table = MemoryAliases()
    table.away = True
    cache = AliasCache(table)
    with pytest.raises(AliasesUnavailable):
        await cache.last()
    assert cache.not_ready_reason() is not None
    table.away = False
    assert (await cache.last(), cache.not_ready_reason()) == ({}, None)
