"""Records about everybody: decided once, in every partition's log, and in effect once per id."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import text

from common.contracts.events import Event, FeedPaused, Tick, decode_events_record
from scoring.postgres.announcements import AnnouncementTable
from scoring.worker.context import WorkerLimits
from support.scoring_harness import DAY, START, TOPICS, ScoringHarness, event
from support.unheard_producer import UnheardProducer

RECORD = FeedPaused("p-1", "web", datetime(2026, 3, 1, 22, tzinfo=UTC))


def logged(harness: ScoringHarness, partition: int) -> list[object]:
    """The announcements in a partition's log."""
    records = harness.broker.records(TOPICS.events, partition)
    return [
        decoded
        for record in records
        if not isinstance(decoded := decode_events_record(record.value or b""), Event | Tick)
    ]


async def applied(harness: ScoringHarness) -> list[tuple[int, str]]:
    return [(row[0], row[1]) for row in (await harness.rows())["applied"]]


async def test_a_new_owner_appends_nothing_that_has_taken_effect(wall: ScoringHarness) -> None:
    await AnnouncementTable(wall.engine, patience=10.0).file("r-1", '{"type":"feed.resumed","id":"r-1","source":"web"}')
    for _ in range(2):
        async with wall.running() as worker:
            await wall.until(lambda: wall.count("announcements_read_total", outcome="applied") == 2)
            await wall.until(lambda worker=worker: wall.level(worker))  # type: ignore[misc]
    assert [len(logged(wall, partition)) for partition in range(2)] == [1, 1]


async def test_two_owners_that_both_append_it_are_harmless(wall: ScoringHarness) -> None:
    """The former owner did not know that it was no longer one."""
    for _ in range(2):
        await wall.announce(RECORD, START)
    await wall.score()
    assert await applied(wall) == [(0, "p-1"), (1, "p-1")]
    assert wall.count("announcements_read_total", outcome="repeated") == 2


async def test_a_rebuild_that_keeps_what_was_filed_puts_it_where_the_log_has_it(wall: ScoringHarness) -> None:
    """Workers append it again, and the copy counts nothing."""
    filed = '{"type":"feed.paused","id":"p-1","source":"web","since":"2026-03-01T22:00:00Z"}'
    await AnnouncementTable(wall.engine, patience=10.0).file("p-1", filed)
    async with wall.running():
        await wall.until(lambda: wall.count("announcements_read_total", outcome="applied") == 2)
    before = await wall.rows()
    assert [len(logged(wall, partition)) for partition in range(2)] == [1, 1]
    async with wall.engine.begin() as connection:
        await connection.execute(text("TRUNCATE scoring.journal, scoring.applied, scoring.feed_pause"))
    await wall.score()
    async with wall.running():
        await wall.until(lambda: wall.count("announcements_read_total", outcome="repeated") == 2)
    after = await wall.rows()
    assert (after["feed_pause"], after["applied"]) == (before["feed_pause"], before["applied"])


async def test_one_that_the_log_did_not_take_is_sent_again(wall: ScoringHarness) -> None:
    await AnnouncementTable(wall.engine, patience=10.0).file("r-1", '{"type":"feed.resumed","id":"r-1","source":"web"}')
    async with wall.running(wall.worker(producer=UnheardProducer(wall.broker.producer(), times=3))):
        await wall.until(lambda: wall.count("announcements_read_total", outcome="applied") == 2)


@pytest.mark.parametrize("chunk", [1, 2_000])
async def test_what_was_due_before_it_fires_first(stream: ScoringHarness, chunk: int) -> None:
    """An announcement is a tick too, a big one as well."""
    names = [stream.name_in(0), *(f"other {n}" for n in range(40) if stream.partition_of(f"other {n}") == 0)]
    for name in names:
        await stream.post(event(name, "session.started", START))
    await stream.announce(RECORD, START + 60 * DAY)
    await stream.score(stream.worker(limits=WorkerLimits(chunk=chunk)))
    assert await stream.scalar("SELECT max(clock) FROM scoring.journal WHERE partition = 0") == START + 60 * DAY
    assert {one.account_id for one in stream.signals()} == set(names), "all of them have gone quiet before"
    assert all(one.at.timestamp() <= START + 60 * DAY for one in stream.signals())


async def test_an_announcement_that_postgresql_could_not_keep_is_set_aside(stream: ScoringHarness) -> None:
    for announcement_id in ("a\\u0000", "", "x" * 201):
        body = f'{{"type":"feed.resumed","id":"{announcement_id}","source":"web"}}'
        await stream.write(0, body.encode(), at=START)
    await stream.score()
    assert stream.count("dead_letters_total", reason="unreadable") == 3
    assert await applied(stream) == []
