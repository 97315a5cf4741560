"""Guarantees 2 and 5 while the ids seen are merged and deleted: the same duplicates are refused."""

import asyncio
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from structlog.testing import capture_logs

from common.errors import Fenced
from scoring.worker.context import WorkerLimits
from scoring.worker.housekeeping.rules import RetentionRules
from scoring.worker.housekeeping.seen import BlobRun
from support.commits import commit
from support.examples import examples
from support.housekeeping import housekeeping_of
from support.scoring_harness import START, ScoringHarness, event

HOUR = 3600.0
TINY = RetentionRules(every=0.0, pause=0.0, batch_rows=3, blob_ids=4)
"""Steps and blobs so small that a handful of ids makes many."""


def one(n: int) -> bytes:
    return n.to_bytes(16, "big")


async def stored(stream: ScoringHarness) -> list[tuple[Any, ...]]:
    query = "SELECT hour, seq, ids FROM scoring.seen WHERE partition = 0 ORDER BY hour, seq"
    async with stream.engine.connect() as connection:
        return [tuple(row) for row in await connection.execute(text(query))]


async def written(stream: ScoringHarness, hours: list[int]) -> None:
    """An id each, by its number, in rows of these hours."""
    await stream.score()
    for n, hour in enumerate(hours):
        await stream.store.commit(
            commit(0, n, "owner", "acme", newest=hour * HOUR, seen={hour: one(n)}), stream.origin.card_id
        )


async def test_rows_of_an_hour_that_is_over_become_few_in_their_order(stream: ScoringHarness) -> None:
    await written(stream, [7] * 6 + [8] * 2 + [9] * 3)
    before = b"".join(ids for _, _, ids in await stored(stream))
    await housekeeping_of(stream, RetentionRules(pause=0.0, blob_ids=4), at=9 * HOUR).round()
    after = await stored(stream)
    assert [(hour, seq, len(ids) // 16) for hour, seq, ids in after] == [
        (7, 2, 2), (7, 6, 4), (8, 8, 2), (9, 9, 1), (9, 10, 1), (9, 11, 1),
    ]  # fmt: skip
    assert b"".join(ids for _, _, ids in after) == before
    assert stream.count("rows_merged_total", table="seen") == 5


async def test_what_can_no_longer_be_asked_for_goes_and_nothing_else(stream: ScoringHarness) -> None:
    await written(stream, [10, 11, 11, 12, 35])
    await housekeeping_of(stream, at=35 * HOUR).round()
    assert [hour for hour, _, _ in await stored(stream)] == [11, 12, 35], "24 hours back, and those two are one"


async def test_ids_beyond_the_last_n_go_but_one_that_shows_that_their_hour_is_not_whole(stream: ScoringHarness) -> None:
    await written(stream, [7] * 10)
    assert (before := await stream.store.load_partition(0)) is not None
    await housekeeping_of(stream, TINY, at=7 * HOUR, remembered=4).round()
    assert (after := await stream.store.load_partition(0)) is not None
    assert [ids for _, ids in after.seen] == [one(n) for n in range(5, 10)]
    assert before.seen[-5:] == after.seen
    assert stream.count("rows_pruned_total", table="seen") == 5


async def test_a_merge_planned_before_another_one_changes_nothing(stream: ScoringHarness) -> None:
    await written(stream, [7] * 6 + [8])
    await stream.housekeeping_store.merge_seen(0, BlobRun(hour=7, first=2, last=4, rows=3))
    before = await stored(stream)
    for stale in (
        BlobRun(hour=7, first=1, last=6, rows=6),
        BlobRun(hour=7, first=1, last=3, rows=3),
        BlobRun(hour=7, first=2, last=3, rows=2),
    ):
        with pytest.raises(Fenced):
            await stream.housekeeping_store.merge_seen(0, stale)
    assert await stored(stream) == before


async def test_a_deletion_planned_before_a_merge_leaves_what_came_later(stream: ScoringHarness) -> None:
    await written(stream, [7] * 6 + [8])
    await stream.housekeeping_store.merge_seen(0, BlobRun(hour=7, first=2, last=5, rows=4))
    assert await stream.housekeeping_store.delete_seen(0, through=(7, 3), limit=100) == 1
    assert [seq for _, seq, _ in await stored(stream)] == [5, 6, 7]


async def test_many_that_merge_at_once_lose_nothing(stream: ScoringHarness) -> None:
    await written(stream, [7] * 30 + [8])
    before = b"".join(ids for _, _, ids in await stored(stream))
    rounds = [
        housekeeping_of(stream, RetentionRules(pause=0.0, batch_rows=n, blob_ids=n), at=8 * HOUR) for n in (3, 5, 8, 30)
    ]
    with capture_logs() as logs:
        await asyncio.gather(*(one.round() for one in rounds))
    assert {line["event"] for line in logs} <= {"housekeeping.gave_up"}
    assert b"".join(ids for _, _, ids in await stored(stream)) == before


event_sequences = st.lists(
    st.tuples(
        st.integers(0, 9),  # which event
        st.sampled_from([0, 0, 0, 1, 5, 12, 30]),  # hours since the one before
    ),
    min_size=5,
    max_size=30,
)
lives = st.lists(st.tuples(st.integers(1, 9), st.integers(1, 6)), min_size=1, max_size=4)


@settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(sequence=event_sequences, workers=lives, remembered=st.integers(1, 12))
async def test_the_same_duplicates_are_refused_whenever_storage_is_kept_small(
    stream: ScoringHarness, sequence: list[tuple[int, int]], workers: list[tuple[int, int]], remembered: int
) -> None:
    """Workers read a part of the log each, and each keeps its storage small all the while; one that never does reads
    it whole.
    """
    stream.rules = msgspec.structs.replace(stream.rules, retention=RetentionRules())
    await stream.empty()
    limits = WorkerLimits(remembered=remembered)
    now = START
    records = []
    for n, hours in sequence:
        now += hours * HOUR
        records.append((event(stream.name_in(0), "session.started", START, event_id=str(n), user_id=str(n)), now))
    for record, at in records:
        await stream.write(0, record, at=at)
    await stream.score(stream.worker(limits=limits))
    expected = await counted(stream)
    window = await remembers(stream, remembered)

    await stream.empty()
    stream.rules = msgspec.structs.replace(stream.rules, retention=TINY)
    share = -(-len(records) // len(workers))
    for i, (max_records, rounds) in enumerate(workers):
        for record, at in records[i * share : (i + 1) * share]:
            await stream.write(0, record, at=at)
        await stream.score(stream.worker(limits=limits, max_records=max_records))
        for _ in range(rounds % 3):
            await kept_small(stream, remembered)
    await kept_small(stream, remembered)
    assert await counted(stream) == expected
    assert await remembers(stream, remembered) == window


async def counted(stream: ScoringHarness) -> dict[str, list[tuple[Any, ...]]]:
    """What the events that counted have made of the accounts. When each is looked at next is not of them."""
    return {name: rows for name, rows in (await stream.rows()).items() if name != "timer"}


async def kept_small(stream: ScoringHarness, remembered: int) -> None:
    newest = await stream.scalar("SELECT newest FROM scoring.journal WHERE partition = 0 ORDER BY seq DESC LIMIT 1")
    await housekeeping_of(stream, TINY, at=newest, remembered=remembered).round()


async def remembers(stream: ScoringHarness, remembered: int) -> tuple[float, float]:
    """The window and the share of its ids that a worker shows which has just read what is stored."""
    worker = stream.worker(limits=WorkerLimits(remembered=remembered))
    async with stream.running(worker):
        await stream.until(lambda: worker.ready() is None and len(worker.positions()) == stream.partitions)
        return (
            stream.count("dedupe_window_seconds", partition="0"),
            stream.count("dedupe_used_ratio", partition="0"),
        )
