"""The list of rejects: its table, and how it is written behind the answers."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace
from sqlalchemy.exc import InterfaceError

from common.database import engine
from common.database_errors import DatabaseUnavailable
from ingest.errors import FieldError, FieldErrorReason
from ingest.in_memory import MemoryRejects
from ingest.rejects.api import RejectReader
from ingest.rejects.recorder import RejectRecorder
from ingest.rejects.rejected import Rejected
from ingest.rejects.store import RejectFilter, RejectStore

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"


def reject(number: int, *, source: str = "web", reason: str = "no_account", label: str = "Report Opened") -> Rejected:
    return Rejected(
        at=NOON + timedelta(minutes=number),
        source=source,
        key_id="k1",
        format="segment",
        message_id=f"m-{number}",
        label=label,
        reason=reason,
        errors=(FieldError("account_id", FieldErrorReason.NO_ACCOUNT, "no account"),),
        dead_letter=f"0:{number}",
    )


class Table(RejectReader):
    async def insert(self, rejected: Sequence[Rejected]) -> None: ...

    async def prune(self, keep: int) -> None: ...


class ListOfRejects:
    """What every table of rejects promises."""

    async def test_the_newest_come_first_page_by_page(self, table: Table) -> None:
        await table.insert([reject(number) for number in range(5)])
        first = await table.page(RejectFilter(), limit=3)
        second = await table.page(RejectFilter(before=first[-1].id), limit=3)
        assert [one.rejected for one in (*first, *second)] == [reject(number) for number in (4, 3, 2, 1, 0)]

    async def test_filters_hold_together(self, table: Table) -> None:
        others = [reject(1, source="app"), reject(2, reason="too_old"), reject(3, source="app", reason="too_old")]
        await table.insert(others)
        found = await table.page(RejectFilter(source="app", reason="too_old", format="segment"), limit=9)
        assert [one.rejected for one in found] == [others[2]]
        assert len(await table.page(RejectFilter(since=NOON + timedelta(minutes=2)), limit=9)) == 2
        assert await table.page(RejectFilter(format="posthog"), limit=9) == []

    async def test_only_the_newest_are_kept(self, table: Table) -> None:
        await table.insert([reject(number) for number in range(5)])
        await table.prune(2)
        assert [one.rejected for one in await table.page(RejectFilter(), limit=9)] == [reject(4), reject(3)]


class TestInMemory(ListOfRejects):
    @pytest.fixture
    def table(self) -> MemoryRejects:
        return MemoryRejects()


@pytest.mark.servers
class TestInPostgres(ListOfRejects):
    @pytest.fixture
    async def table(self, database: str) -> AsyncIterator[RejectStore]:
        connected = engine(database)
        yield RejectStore(connected)
        await connected.dispose()

    async def test_a_character_that_postgresql_cannot_store_hides_no_reject(self, table: RejectStore) -> None:
        odd = FieldError("a\0", FieldErrorReason.NUL, "b\0")
        await table.insert([replace(reject(1, label="Report\0"), errors=(odd,))])
        (found,) = await table.page(RejectFilter(), limit=9)
        assert (found.rejected.label, found.rejected.errors[0].field) == ("Report?", "a?")

    async def test_an_escape_that_a_client_wrote_out_is_a_text_as_any_other(self, table: RejectStore) -> None:
        odd = FieldError(r"properties.\u0000", FieldErrorReason.OUT_OF_RANGE, r"'\\u0000'")
        await table.insert([replace(reject(1), errors=(odd,))])
        (found,) = await table.page(RejectFilter(), limit=9)
        assert found.rejected.errors == (odd,)

    async def test_a_database_that_is_away_is_said_to_be_away(self) -> None:
        connected = engine(NOWHERE, connect_timeout=1.0)
        with pytest.raises(DatabaseUnavailable):
            await RejectStore(connected).page(RejectFilter(), limit=1)
        await connected.dispose()


class AwayTable(MemoryRejects):
    """Refuses the first writes."""

    def __init__(self, failures: int) -> None:
        super().__init__()
        self.failures = failures

    async def insert(self, rejected: Sequence[Rejected]) -> None:
        if self.failures:
            self.failures -= 1
            raise InterfaceError("INSERT", {}, Exception("away"))
        await super().insert(rejected)


async def listed(table: MemoryRejects) -> list[str | None]:
    return [one.rejected.message_id for one in await table.page(RejectFilter(), limit=1_000)]


async def test_what_cannot_be_written_now_is_written_later_in_its_order() -> None:
    table = AwayTable(failures=2)
    recorder = RejectRecorder(table, keep=1_000)
    recorder.add([reject(1)])
    await recorder.flush()
    recorder.add([reject(2)])
    await recorder.flush()
    assert await listed(table) == []
    await recorder.flush()
    assert await listed(table) == ["m-2", "m-1"]


async def test_while_nothing_can_be_written_the_oldest_give_way_and_are_counted() -> None:
    unlisted: list[int] = []
    table = AwayTable(failures=1)
    recorder = RejectRecorder(table, keep=1_000, most_waiting=2, on_unlisted=unlisted.append)
    recorder.add([reject(1), reject(2)])
    await recorder.flush()
    recorder.add([reject(3)])
    await recorder.flush()
    assert await listed(table) == ["m-3", "m-2"]
    assert unlisted == [1]


async def test_the_list_is_as_long_as_it_may_be() -> None:
    table = MemoryRejects()
    recorder = RejectRecorder(table, keep=3)
    recorder.add([reject(number) for number in range(10)])
    await recorder.flush()
    assert await listed(table) == ["m-9", "m-8", "m-7"]
