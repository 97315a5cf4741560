"""Guarantee 5: a worker stops before a record that a newer version wrote; passing over it would make other states."""

import asyncio
from typing import get_args

import msgspec
import pytest
from structlog.testing import capture_logs

from common.contracts import events
from common.contracts.dead_letters import DeadReason
from common.contracts.events import CardActivated, Event, EventsRecord, Tick
from common.errors import StopWorker
from scoring.commands.log import skip_unknown
from scoring.worker.events_log import EventsLog
from scoring.worker.worker import POLL_WAIT, ScoringWorker
from support.commits import Hurt
from support.golden import newer
from support.scoring_harness import DAY, START, TOPICS, ScoringHarness, event

UNKNOWN = newer(TOPICS.events, "unknown_type")
SECONDS = 3600.0


async def mixed(stream: ScoringHarness) -> int:
    """Partition 0 has four events, a record of an unknown type at offset 2, and an event after it; its last offset."""
    stopping, going = stream.name_in(0), stream.name_in(1)
    for n in range(2):
        await stream.post(event(stopping, "session.started", START + n * SECONDS))
    await stream.write(0, UNKNOWN, at=START + 2 * SECONDS)
    await stream.post(event(stopping, "session.started", START + 3 * SECONDS))
    for n in range(5):
        await stream.post(event(going, "session.started", START + n * SECONDS))
    return 3


async def until_stopped(stream: ScoringHarness, worker: ScoringWorker) -> None:
    """When partition 0 stands and partition 1 is read to its end."""
    end = len(stream.broker.records(TOPICS.events, 1))
    await stream.until(lambda: stopped(stream) == 1 and worker.positions().get(1) == (end, 0))


def stopped(stream: ScoringHarness, partition: int = 0) -> float:
    return stream.count("partition_stopped", partition=str(partition))


async def reached(stream: ScoringHarness, partition: int = 0) -> int:
    query = f"SELECT to_offset FROM scoring.journal WHERE partition = {partition} ORDER BY seq DESC LIMIT 1"
    return int(await stream.scalar(query))


async def test_everything_before_it_is_scored_and_the_other_partitions_go_on(stream: ScoringHarness) -> None:
    await mixed(stream)
    with capture_logs() as log:
        async with stream.running() as worker:
            await until_stopped(stream, worker)
            await stream.post(event(stream.name_in(1), "session.started", START + 9 * SECONDS))
            await stream.post(event(stream.name_in(0), "session.started", START + 9 * SECONDS))
            await until_stopped(stream, worker)
            said = "partition 0 stopped before offset 2: a newer version wrote this record of type 'calendar.day'"
            assert worker.ready() == said
            assert worker.positions().keys() == {1}
            assert (stream.count("partitions_owned"), stream.count("partitions_open")) == (2, 1)
            assert (stopped(stream, 0), stopped(stream, 1)) == (1, 0)
    assert (await reached(stream, 0), await reached(stream, 1)) == (2, 6)
    assert stream.count("events_total", outcome="counted") == 2 + 6
    assert await stream.scalar("SELECT count(*) FROM scoring.outbox") == 0
    assert stream.broker.records(TOPICS.dead, 0) == []
    lines = [line for line in log if line["event"] == "partition.stopped"]
    assert lines == [
        {
            "event": "partition.stopped", "log_level": "error", "partition": 0, "offset": 2, "type": "calendar.day",
            "reason": said,
        }
    ]  # fmt: skip
    assert stream.registry.get_sample_value("churn_scoring_partition_stopped", {"partition": "0"}) is None


@pytest.mark.parametrize("max_records", [1, 2, 3])
async def test_the_cut_of_the_batches_makes_no_difference(stream: ScoringHarness, max_records: int) -> None:
    await mixed(stream)
    async with stream.running(stream.worker(max_records=max_records)) as worker:
        await until_stopped(stream, worker)
    assert await reached(stream) == 2


async def test_an_unopened_partition_and_a_stopped_one_are_told_apart(stream: ScoringHarness) -> None:
    """The first record of the log already stops it."""
    await stream.write(0, UNKNOWN, at=START)
    async with stream.running() as worker:
        await stream.until(lambda: stopped(stream) == 1 and 1 in worker.positions())
        assert worker.ready() is not None
        assert "not open" not in str(worker.ready())
    assert await stream.scalar("SELECT count(*) FROM scoring.state") == 0


async def test_a_stopped_partition_is_not_ticked_and_says_nothing_of_itself(wall: ScoringHarness) -> None:
    """Its owner could not read a tick back; readers of scores see a partition that nobody reports."""
    for partition in range(2):
        await wall.post(event(wall.name_in(partition), "session.started", START))
    await wall.write(0, UNKNOWN, at=START)
    async with wall.running():
        await wall.until(lambda: stopped(wall) == 1 and wall.caught_up() == 1)
        wall.clock.now += 90 * DAY  # every timer is due
        await wall.until(lambda: wall.count("ticks_read_total") >= 1)  # of the other partition
        await asyncio.sleep(2 * POLL_WAIT[1])
        assert wall.count("lag_seconds", partition="0") >= 90 * DAY
    assert [record.value for record in wall.broker.records(TOPICS.events, 0)][1:] == [UNKNOWN]
    assert await wall.scalar("SELECT count(*) FROM scoring.heartbeat WHERE partition = 0 AND caught_up") == 0


def forget_card_activations(patch: pytest.MonkeyPatch) -> None:
    """Workers of this process become older: they have the events contract without `card.activated`."""
    known = Event | Tick
    patch.setattr(events, "_decoder", msgspec.json.Decoder(known))
    patch.setattr(events, "_TYPES", frozenset(one.__struct_config__.tag for one in get_args(known)))


async def test_after_a_crash_it_stops_there_again_and_a_newer_version_goes_on(
    stream: ScoringHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    account = stream.name_in(0)
    records: list[EventsRecord] = [
        *(event(account, "session.started", START + n * SECONDS, user_id="ann") for n in range(3)),
        CardActivated("d77b7b4c93798987", "version: 1\n"),
        *(event(account, "session.started", START + n * SECONDS, user_id="bob") for n in range(4, 8)),
    ]
    for n, record in enumerate(records):
        await stream.write(0, record, at=START + n * SECONDS)
    await stream.score()  # by the newer version alone
    expected = await stream.rows()
    await stream.empty(keep_log=True)

    with monkeypatch.context() as patch:
        forget_card_activations(patch)
        for fates in (["before", "after"], []):  # a crash in front of COMMIT, one behind it, and a new start
            async with stream.running(stream.worker(store=Hurt(stream.store, fates), max_records=2)):
                await stream.until(lambda: stopped(stream) == 1)
            assert await reached(stream) == 3
        assert stream.broker.records(TOPICS.dead, 0) == []
    await stream.score()
    assert await stream.rows() == expected


async def test_of_two_versions_side_by_side_the_newer_one_takes_over(
    stream: ScoringHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A rolling upgrade: the older worker leaves while it stands."""
    await stream.post(event(stream.name_in(0), "session.started", START))
    await stream.write(0, CardActivated("d77b7b4c93798987", "version: 1\n"), at=START)
    with monkeypatch.context() as patch:
        forget_card_activations(patch)
        async with stream.running() as older:
            await stream.until(lambda: stopped(stream) == 1)
            assert "of type 'card.activated'" in str(older.ready())
    async with stream.running() as newer_worker:
        await stream.until(lambda: stream.level(newer_worker))
        assert newer_worker.ready() is None
        assert stopped(stream) == 0
    assert stream.count("dead_letters_total", reason="card_change_not_supported") == 1


def log_of(stream: ScoringHarness) -> EventsLog:
    return EventsLog(stream.broker.admin(), topic=TOPICS.events, cluster_id="memory", patience=1.0)


async def test_an_operator_sets_it_aside_and_the_worker_goes_on_after_it(stream: ScoringHarness) -> None:
    last = await mixed(stream)
    async with stream.running() as worker:
        await until_stopped(stream, worker)
        await skip_unknown(stream.store, log_of(stream), 0, 2, cluster_id="memory")
        assert await reached(stream) == 3
    async with stream.running() as worker:
        await stream.until(lambda: stream.level(worker))
        assert worker.ready() is None
    assert await reached(stream) == last + 1
    assert stream.count("events_total", outcome="counted") == 3 + 5
    (letter,) = stream.broker.records(TOPICS.dead, 0)
    assert (letter.value, letter.headers) == (UNKNOWN, (("reason", DeadReason.UNKNOWN_TYPE.value.encode()),))


@pytest.mark.parametrize(
    ("partition", "offset", "complaint"),
    [
        (0, 1, "comes to offset 2 next"),
        (0, 3, "comes to offset 2 next"),
        (1, 5, "no record of an unknown type"),
        (7, 0, "was never read"),
    ],
)
async def test_an_operator_sets_no_other_record_aside(
    stream: ScoringHarness, partition: int, offset: int, complaint: str
) -> None:
    await mixed(stream)
    async with stream.running() as worker:
        await until_stopped(stream, worker)
    before = await stream.rows()
    with pytest.raises(StopWorker, match=complaint):
        await skip_unknown(stream.store, log_of(stream), partition, offset, cluster_id="memory")
    assert await stream.rows() == before


async def test_a_record_of_a_known_type_is_never_skipped(stream: ScoringHarness) -> None:
    await stream.post(event(stream.name_in(0), "session.started", START))
    await stream.score()
    await stream.post(event(stream.name_in(0), "session.started", START + 1))
    with pytest.raises(StopWorker, match="no record of an unknown type"):
        await skip_unknown(stream.store, log_of(stream), 0, 1, cluster_id="memory")
