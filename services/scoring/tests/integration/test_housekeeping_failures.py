"""What keeps storage small is never in the way of what scores."""

import asyncio

import msgspec
import pytest
from structlog.testing import capture_logs

from common.errors import Unreachable
from scoring.postgres.housekeeping import PostgresHousekeepingStore
from scoring.worker.housekeeping.journal import Mark, MergeStep
from scoring.worker.housekeeping.rules import RetentionRules
from scoring.worker.housekeeping.seen import Blob, Key
from support.housekeeping import housekeeping_of
from support.scoring_harness import DAY, START, ScoringHarness, event


class Ill(PostgresHousekeepingStore):
    """Answers its first question in a way that the test names."""

    def __init__(self, stream: ScoringHarness, illness: Exception | None) -> None:
        super().__init__(stream.engine, patience=10.0)
        self._illness = illness
        self.asked = 0

    async def mark(self, partition: int) -> Mark | None:
        self.asked += 1
        if self._illness is None:
            await asyncio.Event().wait()
        elif self.asked <= 2:
            raise self._illness
        return await super().mark(partition)


class NoMerge(PostgresHousekeepingStore):
    async def merge_journal(self, partition: int, *, first: int, below: int, floor: int, batch_rows: int) -> MergeStep:
        raise ZeroDivisionError("a bug")


class NoSeen(PostgresHousekeepingStore):
    async def blobs(self, partition: int, *, before: Key, limit: int) -> list[Blob]:
        raise Unreachable("no")


def always(stream: ScoringHarness) -> None:
    """Rounds without a pause between them."""
    stream.rules = msgspec.structs.replace(stream.rules, retention=RetentionRules(every=0.001, pause=0.0))


async def fill_log(stream: ScoringHarness) -> None:
    for n in range(40):
        await stream.post(event(f"account {n % 7}", "session.started", START + n * 60, user_id="ann"))
    await stream.tick(START + 20 * DAY)


async def test_a_worker_keeps_its_storage_small_while_it_scores(stream: ScoringHarness) -> None:
    await fill_log(stream)
    await stream.score(stream.worker(max_records=2))
    expected = await stream.rows()
    many = await stream.scalar("SELECT count(*) FROM scoring.journal")

    await stream.empty(keep_log=True)
    always(stream)
    worker = stream.worker(max_records=2)
    async with stream.running(worker):
        await stream.until(lambda: stream.level(worker))
        await stream.until(lambda: stream.count("rows_merged_total", table="journal") > 5)
        await stream.until(lambda: stream.count("rows_pruned_total", table="seen") > 5)
    assert await stream.rows() == expected
    assert await stream.scalar("SELECT count(*) FROM scoring.journal") < many


async def test_a_database_that_does_not_answer_it_is_asked_again_later(stream: ScoringHarness) -> None:
    await fill_log(stream)
    always(stream)
    ill = Ill(stream, Unreachable("no"))
    stream.housekeeping_store = ill
    worker = stream.worker()
    with capture_logs() as logs:
        async with stream.running(worker):
            await stream.until(lambda: stream.level(worker) and ill.asked > 4)
    assert [line["reason"] for line in logs if line["event"] == "housekeeping.gave_up"] == ["no", "no"]


async def test_a_bug_in_it_is_logged_and_scoring_goes_on(stream: ScoringHarness) -> None:
    await fill_log(stream)
    always(stream)
    ill = Ill(stream, ZeroDivisionError("a bug"))
    stream.housekeeping_store = ill
    worker = stream.worker()
    with capture_logs() as logs:
        async with stream.running(worker):
            await stream.until(lambda: stream.level(worker) and ill.asked > 4)
    assert [line["log_level"] for line in logs if line["event"] == "housekeeping.failed"] == ["error", "error"]


@pytest.mark.parametrize(("ill", "sweep"), [(NoMerge, "journal"), (NoSeen, "seen")])
async def test_what_always_fails_in_one_table_keeps_no_other_from_being_swept(
    stream: ScoringHarness, ill: type[PostgresHousekeepingStore], sweep: str
) -> None:
    await fill_log(stream)
    await stream.score(stream.worker(max_records=2))
    stream.housekeeping_store = ill(stream.engine, patience=10.0)
    housekeeping = housekeeping_of(stream, RetentionRules(pause=0.0, history_days=1), at=START + 20 * DAY)
    with capture_logs() as logs:
        for _ in range(3):
            await housekeeping.round()
    assert {(line["sweep"], line["partition"]) for line in logs} == {(sweep, 0)}
    gone = {
        "journal": stream.count("rows_merged_total", table="journal"),
        "seen": stream.count("rows_pruned_total", table="seen"),
        "history": stream.count("rows_pruned_total", table="day"),
    }
    assert all(rows > 0 for table, rows in gone.items() if table != sweep), gone


async def test_it_ends_with_the_assignment_whatever_it_waits_for(stream: ScoringHarness) -> None:
    await fill_log(stream)
    always(stream)
    ill = Ill(stream, None)
    stream.housekeeping_store = ill
    worker = stream.worker()
    async with stream.running(worker):
        await stream.until(lambda: stream.level(worker) and ill.asked == stream.partitions)
    assert stream.registry.get_sample_value("churn_scoring_journal_merge_waiting_seconds", {"partition": "0"}) is None
