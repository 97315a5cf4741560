"""Guarantee 3 while the journal is merged: whoever was paused in the middle of its statement is fenced all the same."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine
from structlog.testing import capture_logs

from common.errors import Fenced
from scoring.postgres.housekeeping import PostgresHousekeepingStore
from scoring.worker.housekeeping.rules import RetentionRules
from scoring.worker.housekeeping.task import Housekeeping
from support.commits import commit
from support.housekeeping import housekeeping_of
from support.scoring_harness import ScoringHarness

HOUR = 3600.0


async def rows(stream: ScoringHarness, query: str) -> list[Any]:
    async with stream.engine.connect() as connection:
        return list((await connection.execute(text(query))).scalars())


async def journal(stream: ScoringHarness) -> list[int]:
    return await rows(stream, "SELECT seq FROM scoring.journal WHERE partition = 0 ORDER BY seq")


async def state(stream: ScoringHarness, account_id: str) -> bytes:
    return bytes(await stream.scalar(f"SELECT body FROM scoring.state WHERE account_id = '{account_id}'"))


@asynccontextmanager
async def held(stream: ScoringHarness, account_id: str) -> AsyncIterator[None]:
    """A lock on an account's state: whoever would write it waits in the middle of its statement."""
    async with stream.engine.begin() as connection:
        await connection.execute(
            text("SELECT 1 FROM scoring.state WHERE account_id = :account_id FOR UPDATE"), {"account_id": account_id}
        )
        yield


async def who_waits(stream: ScoringHarness) -> int:
    """The process of the session that waits for a lock."""
    query = "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    async with asyncio.timeout(60):
        while not (found := await rows(stream, query)):  # noqa: ASYNC110 - another session's affair
            await asyncio.sleep(0.01)
    return int(found[0])


@pytest.mark.parametrize("rounds", [1, 5])
async def test_a_zombie_that_waits_for_a_lock_across_a_merge_is_fenced(stream: ScoringHarness, rounds: int) -> None:
    await stream.score()
    await stream.store.commit(commit(0, 0, "owner", "acme"), "memory")
    housekeeping = housekeeping_of(stream, at=1.0)
    await housekeeping.round()
    async with held(stream, "acme"):
        zombie = asyncio.create_task(stream.store.commit(commit(0, 1, "zombie", "acme"), "memory"))
        await who_waits(stream)
        for last in range(1, 6):
            await stream.store.commit(commit(0, last, "heir", "beta"), "memory")
        for _ in range(rounds):
            await housekeeping.round()
    with pytest.raises(Fenced):
        await zombie
    assert await state(stream, "acme") == b"owner"
    for _ in range(2):
        await housekeeping.round()
    assert await journal(stream) == [0, 6], "when the zombie is gone the merge goes on"


async def test_a_zombie_whose_session_is_stopped_across_a_merge_is_fenced(stream: ScoringHarness) -> None:
    """No time-out of its own would end it: its process does not run. Its lock is long gone when it does again."""
    await stream.score()
    await stream.store.commit(commit(0, 0, "owner", "acme"), "memory")
    async with held(stream, "acme"):
        zombie = asyncio.create_task(stream.store.commit(commit(0, 1, "zombie", "acme"), "memory"))
        pid = await who_waits(stream)
        os.kill(pid, signal.SIGSTOP)
    try:
        for last in range(1, 6):
            await stream.store.commit(commit(0, last, "heir", "beta"), "memory")
        housekeeping = housekeeping_of(stream, at=1.0)
        for _ in range(5):
            await housekeeping.round()
    finally:
        os.kill(pid, signal.SIGCONT)
    with pytest.raises(Fenced):
        await zombie
    assert await state(stream, "acme") == b"owner"


async def test_a_zombie_that_begins_its_statement_after_the_merge_is_fenced(stream: ScoringHarness) -> None:
    await stream.score()
    for last in range(6):
        await stream.store.commit(commit(0, last, "heir", "acme"), "memory")
    housekeeping = housekeeping_of(stream, at=1.0)
    for _ in range(2):
        await housekeeping.round()
    assert await journal(stream) == [0, 6]
    for last in range(6):
        with pytest.raises(Fenced):
            await stream.store.commit(commit(0, last, "zombie", "acme"), "memory")
    assert await state(stream, "acme") == b"heir"


async def test_what_has_not_ended_when_the_mark_is_made_is_waited_for_even_if_it_only_reads(
    stream: ScoringHarness,
) -> None:
    await stream.score()
    await stream.store.commit(commit(0, 0, "owner", "acme"), "memory")
    housekeeping = housekeeping_of(stream, RetentionRules(pause=0.0, warn_after=0.0), at=1.0)
    async with stream.engine.connect() as report:
        await report.execution_options(isolation_level="REPEATABLE READ")
        await report.execute(text("SELECT count(*) FROM scoring.account"))
        for last in range(1, 6):
            await stream.store.commit(commit(0, last, "owner", "acme"), "memory")
        task = asyncio.create_task(housekeeping.run())
        await asyncio.sleep(0)
        with capture_logs() as logs:
            for _ in range(4):
                await housekeeping.round()
        assert await journal(stream) == list(range(7))
        assert [line["event"] for line in logs] == ["journal.merge_waits"], "said once"
        assert stream.count("journal_merge_waiting_seconds", partition="0") > 0
    with capture_logs() as logs:
        await housekeeping.round()
    assert await journal(stream) == [0, 6]
    assert logs == []
    assert stream.count("journal_merge_waiting_seconds", partition="0") == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert stream.registry.get_sample_value("churn_scoring_journal_merge_waiting_seconds", {"partition": "0"}) is None


async def test_a_partition_that_is_not_open_waits_for_nothing(stream: ScoringHarness) -> None:
    await stream.score()
    opened = [True]
    housekeeping = housekeeping_of(stream, at=1.0, is_open=lambda: opened[0])
    task = asyncio.create_task(housekeeping.run())
    await asyncio.sleep(0)
    async with stream.engine.connect() as report:
        await report.execute(text("SELECT count(*) FROM scoring.account"))
        for _ in range(2):
            await housekeeping.round()
        assert stream.count("journal_merge_waiting_seconds", partition="0") > 0
        opened[0] = False
        assert stream.count("journal_merge_waiting_seconds", partition="0") == 0
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_report_that_began_after_the_mark_delays_nothing(stream: ScoringHarness) -> None:
    await stream.score()
    for last in range(6):
        await stream.store.commit(commit(0, last, "owner", "acme"), "memory")
    housekeeping = housekeeping_of(stream, at=1.0)
    await housekeeping.round()
    async with stream.engine.connect() as report:
        await report.execute(text("SELECT count(*) FROM scoring.account"))
        await housekeeping.round()
        assert await journal(stream) == [0, 6]


@pytest.mark.parametrize("batch_rows", [2, 3, 7, 2000])
async def test_of_each_hour_the_last_row_stays_for_a_while(stream: ScoringHarness, batch_rows: int) -> None:
    await stream.score()
    hours = [0, 0, 0, 1, 5, 5, 30, 30, 30, 30, 31, 80, 80]
    for last, hour in enumerate(hours):
        await stream.store.commit(commit(0, last, "owner", "acme", newest=hour * HOUR), "memory")
    newest = 80 * HOUR
    housekeeping = housekeeping_of(stream, RetentionRules(pause=0.0, batch_rows=batch_rows, journal_days=0), at=newest)
    for _ in range(2):
        await housekeeping.round()
    assert await journal(stream) == [0, 3, 4, 6, 10, 11, 13]
    assert stream.count("rows_merged_total", table="journal") == 7
    two_days = housekeeping_of(stream, RetentionRules(pause=0.0, batch_rows=batch_rows, journal_days=3), at=newest)
    for _ in range(2):
        await two_days.round()
    assert await journal(stream) == [0, 10, 11, 13], "hour 8 and what came after it"
    assert stream.count("rows_pruned_total", table="journal") == 3
    assert (await stream.store.load_origins()).keys() == {0, 1}


async def test_a_newest_row_older_than_all_that_is_kept_stays(stream: ScoringHarness) -> None:
    await stream.score()
    for last in range(3):
        await stream.store.commit(commit(0, last, "owner", "acme"), "memory")
    housekeeping = housekeeping_of(stream, RetentionRules(pause=0.0, journal_days=1), at=1000 * HOUR)
    for _ in range(3):
        await housekeeping.round()
    assert await journal(stream) == [0, 3]
    await stream.store.commit(commit(0, 3, "owner", "acme"), "memory")


async def test_many_that_merge_at_once_and_an_owner_that_writes_do_not_disturb_each_other(
    stream: ScoringHarness,
) -> None:
    await stream.score()
    rounds = [housekeeping_of(stream, RetentionRules(pause=0.0, batch_rows=5), at=1.0) for _ in range(3)]

    async def merge(housekeeping: Housekeeping) -> None:
        for _ in range(10):
            await housekeeping.round()

    async def write() -> None:
        for last in range(60):
            await stream.store.commit(commit(0, last, "owner", "acme"), "memory")

    await asyncio.gather(write(), *(merge(one) for one in rounds))
    for one in rounds:
        await one.round()
        await one.round()
    assert await journal(stream) == [0, 60]


@asynccontextmanager
async def a_role_without_privileges(stream: ScoringHarness) -> AsyncIterator[PostgresHousekeepingStore]:
    """It may not see what other users' sessions do."""
    name = f"role_{uuid4().hex}"
    async with stream.engine.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {name} LOGIN"))
        await connection.execute(text(f"GRANT USAGE ON SCHEMA scoring TO {name}"))
        await connection.execute(text(f"GRANT SELECT, INSERT, DELETE ON ALL TABLES IN SCHEMA scoring TO {name}"))
    engine = create_async_engine(stream.engine.url.set(username=name))
    try:
        yield PostgresHousekeepingStore(engine, patience=10.0)
    finally:
        await engine.dispose()
        async with stream.engine.begin() as connection:
            await connection.execute(text(f"DROP OWNED BY {name}"))
            await connection.execute(text(f"DROP ROLE {name}"))


async def test_a_zombie_of_another_user_is_waited_for_by_one_who_may_see_nothing_of_it(stream: ScoringHarness) -> None:
    await stream.score()
    await stream.store.commit(commit(0, 0, "owner", "acme"), "memory")
    async with a_role_without_privileges(stream) as store:
        stream.housekeeping_store = store
        housekeeping = housekeeping_of(stream, at=1.0)
        async with held(stream, "acme"):
            zombie = asyncio.create_task(stream.store.commit(commit(0, 1, "zombie", "acme"), "memory"))
            await who_waits(stream)
            for last in range(1, 6):
                await stream.store.commit(commit(0, last, "heir", "beta"), "memory")
            for _ in range(3):
                await housekeeping.round()
        with pytest.raises(Fenced):
            await zombie
        for _ in range(2):
            await housekeeping.round()
    assert await journal(stream) == [0, 6]
