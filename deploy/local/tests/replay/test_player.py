import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from common.bus.memory import MemoryBroker
from common.bus.partitioner import partition_of
from common.bus.ports import Ack, Outgoing
from common.contracts.events import FeedPaused, Tick, decode_events_record
from local.replay.ingest_client import ClientEvent
from local.replay.player import EventPlayer, milliseconds

START = datetime(2025, 1, 6, tzinfo=UTC)
PARTITIONS = 4
TICK = timedelta(hours=12)


class Road:
    """What arrived, in order, by partition: event ids and tick moments."""

    def __init__(self) -> None:
        self.history: list[bool] = []
        self.announced: dict[int, list[FeedPaused]] = {partition: [] for partition in range(PARTITIONS)}
        self.seen: dict[int, list[str | int]] = {partition: [] for partition in range(PARTITIONS)}

    async def post(self, events: Sequence[ClientEvent], *, history: bool) -> None:
        await asyncio.sleep(0)  # Another lane may come between.
        self.history += [history] * len(events)
        for one in events:
            self.seen[partition_of(one.account_id.encode(), PARTITIONS)].append(one.event_id)

    async def send(self, topic: str, records: Sequence[Outgoing]) -> list[Ack]:
        await asyncio.sleep(0)
        for record in records:
            said = decode_events_record(record.value)
            if isinstance(said, FeedPaused):
                self.announced[record.partition].append(said)
            else:
                assert isinstance(said, Tick)
            assert record.timestamp is not None
            self.seen[record.partition].append(record.timestamp)
        return [Ack(record.partition, 0, None) for record in records]


def event(account: str, number: int, at: datetime) -> ClientEvent:
    return ClientEvent(f"{account}-{number}", account, "session.started", at)


def player(road: Road) -> EventPlayer:
    return EventPlayer(road, road, topic="events", partitions=PARTITIONS, tick=TICK)


async def test_every_partition_is_ticked_along_the_way_and_at_the_end() -> None:
    road = Road()
    end = START + timedelta(hours=30)

    await player(road).play([], start=START, end=end, progress=lambda reached, posted: None)

    moments = [milliseconds(START + timedelta(hours=hours)) for hours in (12, 24, 30)]
    assert road.seen == dict.fromkeys(range(PARTITIONS), moments)


async def test_no_account_overtakes_itself_and_no_tick_an_older_event() -> None:
    road = Road()
    events = [
        event(f"account-{account}", hour, START + timedelta(hours=hour))
        for hour in range(24 * 15)
        for account in range(20)
    ]
    time = {one.event_id: milliseconds(one.time) for one in events}

    await player(road).play(events, start=START, end=START + timedelta(days=15), progress=lambda reached, posted: None)

    for seen in road.seen.values():
        moments = [time.get(one, 0) if isinstance(one, str) else one for one in seen]
        assert moments == sorted(moments)
    assert sum(isinstance(one, str) for seen in road.seen.values() for one in seen) == len(events)


async def test_an_announcement_goes_into_every_partition_in_the_place_of_a_tick() -> None:
    road = Road()
    at = START + timedelta(hours=30)
    paused = FeedPaused("p-1", "web", at)
    events = [event("a", hour, START + timedelta(hours=hour)) for hour in range(48)]
    play = EventPlayer(road, road, topic="events", partitions=PARTITIONS, tick=TICK, announcements=[(at, paused)])

    await play.play(events, start=START, end=START + timedelta(hours=48), progress=lambda reached, posted: None)

    assert road.announced == {partition: [paused] for partition in range(PARTITIONS)}
    mine, stamp = road.seen[partition_of(b"a", PARTITIONS)], milliseconds(at)
    assert [one for one in mine if one in ("a-29", stamp, "a-30")] == ["a-29", stamp, "a-30"]


async def test_a_backfill_is_history_and_ends_with_one_tick() -> None:
    road = Road()
    events = [event("a", day, START - timedelta(days=10 - day)) for day in range(10)]

    await player(road).backfill(events, until=START)

    assert road.history == [True] * 10
    assert [seen[-1] for seen in road.seen.values()] == [milliseconds(START)] * PARTITIONS
    assert sum(map(len, road.seen.values())) == 10 + PARTITIONS


async def test_progress_tells_how_far_all_lanes_have_come() -> None:
    told: list[tuple[datetime, int]] = []
    events = [event("a", 1, START + timedelta(days=1)), event("b", 2, START + timedelta(days=8))]
    end = START + timedelta(days=10)

    await player(Road()).play(
        events, start=START, end=end, progress=lambda reached, posted: told.append((reached, posted))
    )

    assert told == [(START + timedelta(days=7), 1), (end, 2)]


async def test_ticks_carry_the_simulated_time_onto_the_log() -> None:
    broker = MemoryBroker()
    await broker.admin().create(
        "events", partitions=PARTITIONS, replication=1, config={"message.timestamp.type": "CreateTime"}
    )
    producer = broker.producer()
    await producer.start()

    playing = EventPlayer(Road(), producer, topic="events", partitions=PARTITIONS, tick=TICK)
    await playing.play([], start=START, end=START + TICK, progress=lambda reached, posted: None)

    for partition in range(PARTITIONS):
        (tick,) = broker.records("events", partition)
        assert tick.timestamp == milliseconds(START + TICK)
        assert tick.key is None
