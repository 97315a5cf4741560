"""What is counted of each source until it is written."""

from datetime import UTC, datetime, timedelta

from common.contracts.events import Event
from ingest.errors import FieldErrorReason
from ingest.in_memory import NOW, Ingest
from ingest.sources.volumes import HourCounts, HourKey, SourceVolumes

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def events(
    number: int, *, at: datetime = NOON, source: str = "web", lag: float = 0, history: bool = False
) -> list[Event]:
    time = at - timedelta(seconds=lag)
    return [
        Event(str(n), "acme", "report.opened", time, source=source, received_at=at, history=history)
        for n in range(number)
    ]


def counted(volumes: SourceVolumes, source: str = "web", hour: datetime = NOON) -> HourCounts:
    return volumes.take()[HourKey(source, hour)]


def test_events_count_in_the_hour_in_which_they_were_received() -> None:
    volumes = SourceVolumes()
    for minutes in (0, 59, 60):
        volumes.accepted("web", events(2, at=NOON + timedelta(minutes=minutes)), not_standard=1)
    volumes.accepted("billing", events(1), not_standard=0)
    taken = volumes.take()
    assert {(key.source, key.hour.hour): counts.events for key, counts in taken.items()} == {
        ("web", 12): 4,
        ("web", 13): 2,
        ("billing", 12): 1,
    }
    first = taken[HourKey("web", NOON)]
    assert (first.not_standard, first.newest_received_at) == (2, NOON + timedelta(minutes=59))
    assert volumes.take() == {}, "what was taken is counted once"


def test_a_backfill_is_no_sign_of_life() -> None:
    volumes = SourceVolumes()
    volumes.accepted("web", events(1000, lag=86_400 * 300, history=True), not_standard=0)
    counts = counted(volumes)
    assert (counts.events, counts.history, counts.newest_received_at, sum(counts.lags)) == (0, 1000, None, 0)


def test_a_request_is_as_late_as_its_last_event() -> None:
    volumes = SourceVolumes()
    # In the future by the client's clock; within a bound; on it; beyond all.
    for lag in (-30, 0.5, 60, 61, 90_000):
        volumes.accepted("web", events(3, lag=lag), not_standard=0)
    assert counted(volumes).lags == [2, 0, 1, 1, 0, 0, 1]


def test_what_cannot_be_written_is_kept_with_what_came_meanwhile() -> None:
    volumes = SourceVolumes(now=lambda: NOON)
    volumes.accepted("web", events(2), not_standard=0)
    volumes.refused("web", [FieldErrorReason.MISSING])
    taken = volumes.take()
    volumes.accepted("web", events(3, at=NOON + timedelta(minutes=5)), not_standard=0)
    volumes.refused("web", [FieldErrorReason.MISSING, FieldErrorReason.EMPTY])
    volumes.give_back(taken)
    counts = counted(volumes)
    assert (counts.events, counts.newest_received_at) == (5, NOON + timedelta(minutes=5))
    assert counts.refused == {FieldErrorReason.MISSING: 2, FieldErrorReason.EMPTY: 1}


def test_the_oldest_hours_go_when_there_is_no_room() -> None:
    volumes = SourceVolumes(most_hours=3)
    for hour in range(5):
        volumes.accepted("web", events(1, at=NOON + timedelta(hours=hour)), not_standard=0)
    volumes.give_back(volumes.take())
    assert volumes.dropped == 2
    assert {key.hour.hour for key in volumes.take()} == {14, 15, 16}


async def test_posts_are_counted_by_the_source_of_their_key(ingest: Ingest) -> None:
    good = {"event_id": "1", "account_id": "acme", "name": "session.start"}
    await ingest.post([good, {**good, "event_id": "2"}, {"name": "report.opened"}, {**good, "name": "opened"}])
    await ingest.post([{"name": "report.opened"}])
    await ingest.post([good, {}], "/v1/events?dry_run=true")
    ingest.broker.lose_next_ack()
    assert (await ingest.post(good)).status_code == 503
    counts = counted(ingest.volumes, hour=NOW)
    assert (counts.events, counts.not_standard) == (2, 2)
    assert counts.refused == {FieldErrorReason.MISSING: 2, FieldErrorReason.BAD_NAME: 1}
