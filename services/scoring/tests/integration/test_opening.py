"""Guarantee 10: a worker goes on only with the card, the mode and the log that its journal was begun with."""

import msgspec
import pytest
from sqlalchemy import text

from common.bus.ports import Outgoing
from common.errors import StopWorker
from common.topics import TimeMode
from scoring.partition.commit import LogPosition
from scoring.partition.origin import require_same_origin
from scoring.worker.assembly import origin
from scoring.worker.worker import ScoringWorker
from support.cards import SMALL
from support.scoring_harness import START, TOPICS, ScoringHarness, event

OTHER = SMALL.replace("half_life: 7d", "half_life: 8d")


async def begun(stream: ScoringHarness) -> None:
    await stream.post(event("acme", "session.started", START), event("beta", "session.started", START))
    await stream.score()


async def test_the_card_is_kept_whole_in_the_journals_first_row(stream: ScoringHarness) -> None:
    await begun(stream)
    kept = await stream.store.load_origins()
    assert kept.keys() == {0, 1}
    assert kept[0].card == SMALL


@pytest.mark.parametrize(
    ("card", "mode", "partitions", "complaint"),
    [
        (OTHER, TimeMode.STREAM, 2, "does not change by another file"),
        (SMALL, TimeMode.WALL, 2, "begun in stream mode"),
        (SMALL, TimeMode.STREAM, 3, "begun with 2"),
    ],
)
async def test_another_setting_refuses_to_start(
    stream: ScoringHarness, card: str, mode: TimeMode, partitions: int, complaint: str
) -> None:
    await begun(stream)
    _, mine = origin(card, name="card", time_mode=mode, partitions=partitions)
    with pytest.raises(StopWorker, match=complaint):
        require_same_origin(mine, await stream.store.load_origins())


async def test_another_wait_of_first_looks_refuses_to_start(stream: ScoringHarness) -> None:
    await begun(stream)
    _, mine = origin(SMALL, name="card", time_mode=TimeMode.STREAM, partitions=2, first_look_seconds=900)
    with pytest.raises(StopWorker, match="SCORING_FIRST_LOOK_SECONDS is 900, but the journal was begun with 0"):
        require_same_origin(mine, await stream.store.load_origins())


async def test_a_journal_of_before_first_looks_goes_on_without_them(stream: ScoringHarness) -> None:
    await begun(stream)
    async with stream.engine.begin() as connection:
        await connection.execute(
            text("UPDATE scoring.journal SET origin = (origin::jsonb - 'first_look_seconds')::json WHERE seq = 0")
        )
    require_same_origin(stream.origin, await stream.store.load_origins())


async def test_of_two_first_workers_with_different_cards_one_stops(stream: ScoringHarness) -> None:
    """Both found an empty journal and may start; the second is given a partition that the first began."""
    late = another_card(stream)
    await begun(stream)
    with pytest.raises(StopWorker, match="does not change by another file"):
        await stream.score(late)
    assert {one.card for one in (await stream.store.load_origins()).values()} == {SMALL}


async def test_no_partition_is_begun_with_another_card_than_the_first(stream: ScoringHarness) -> None:
    """It comes first to a partition, but not to the first."""
    late = another_card(stream)
    position, others = LogPosition(to_offset=0, clock=0.0, newest=0.0), {"cluster_id": "memory", "writer": "other"}
    await stream.store.begin_journal(1, stream.origin, position, **others)
    with pytest.raises(StopWorker, match="does not change by another file"):
        await stream.score(late)


def another_card(stream: ScoringHarness) -> ScoringWorker:
    mine = stream.origin
    _, stream.origin = origin(OTHER, name="card", time_mode=TimeMode.STREAM, partitions=2)
    late, stream.origin = stream.worker(), mine
    return late


async def test_a_comment_in_the_card_is_not_another_card(stream: ScoringHarness) -> None:
    await begun(stream)
    _, mine = origin(SMALL + "# reviewed\n", name="card", time_mode=TimeMode.STREAM, partitions=2)
    require_same_origin(mine, await stream.store.load_origins())


async def test_a_log_that_was_lost_and_filled_anew_stops_the_worker(stream: ScoringHarness) -> None:
    await begun(stream)
    before = await stream.rows()
    stream.broker.topics.pop(TOPICS.events)
    await stream.prepare()
    await stream.post(event("acme", "session.started", START + 1), event("beta", "session.started", START + 1))
    with pytest.raises(StopWorker, match="another one"):
        await stream.score()
    assert await stream.rows() == before


async def test_a_log_that_ends_before_the_journal_stops_the_worker(stream: ScoringHarness) -> None:
    await begun(stream)
    stream.broker.topics.pop(TOPICS.events)
    await stream.prepare()
    with pytest.raises(StopWorker, match="ends before"):
        await stream.score()


async def test_another_cluster_stops_the_worker(stream: ScoringHarness) -> None:
    await begun(stream)
    with pytest.raises(StopWorker, match="another cluster"):
        await stream.score(stream.worker(cluster_id="other"))


async def test_retention_may_take_what_was_read(stream: ScoringHarness) -> None:
    await begun(stream)
    stream.broker.truncate(TOPICS.events, stream.partition_of("acme"), before=1)
    await stream.post(event("acme", "session.started", START + 60))
    await stream.score()
    assert stream.count("events_total", outcome="counted") == 3


async def test_retention_may_not_take_what_was_not_read(stream: ScoringHarness) -> None:
    await begun(stream)
    partition = stream.partition_of("acme")
    await stream.post(event("acme", "session.started", START + 60), event("acme", "session.started", START + 61))
    stream.broker.truncate(TOPICS.events, partition, before=len(stream.broker.records(TOPICS.events, partition)))
    with pytest.raises(StopWorker, match="never read"):
        await stream.score()


async def test_a_state_of_another_format_stops_the_worker(stream: ScoringHarness) -> None:
    await begun(stream)
    async with stream.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE scoring.state SET body = '\\xff00'")
    await stream.post(event("acme", "session.started", START + 60))
    with pytest.raises(StopWorker, match="format"):
        await stream.score()


async def test_a_state_that_was_damaged_stops_the_worker(stream: ScoringHarness) -> None:
    await begun(stream)
    async with stream.engine.begin() as connection:
        await connection.exec_driver_sql("UPDATE scoring.state SET body = '\\x01ff'")
    await stream.post(event("acme", "session.started", START + 60))
    with pytest.raises(StopWorker, match="cannot be read"):
        await stream.score()


async def test_scoring_starts_at_the_oldest_record_that_is_left(stream: ScoringHarness) -> None:
    partition = stream.partition_of("acme")
    await stream.producer.send(TOPICS.events, [Outgoing(partition, None, b"gone", (), 0)])
    stream.broker.truncate(TOPICS.events, partition, before=1)
    await begun(stream)
    assert stream.count("events_total", outcome="counted") == 2
    assert stream.count("dead_letters_total", reason="unreadable") == 0


def test_an_origin_survives_the_database_as_json() -> None:
    _, mine = origin(SMALL, name="card", time_mode=TimeMode.WALL, partitions=12)
    assert msgspec.convert(msgspec.to_builtins(mine), type(mine)) == mine
