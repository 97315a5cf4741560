"""What the last ids of a partition said, by their numbers."""

from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest
from msgspec.structs import replace

from common.contracts.events import Event
from scoring.partition.contents import SeenContents, content_hash
from scoring.partition.dedupe import BatchDedupe, SeenIds, digest

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize("begun", [0, 7, 1_000_003])
def test_only_the_last_ids_are_known(begun: int) -> None:
    contents = SeenContents(begun, limit=10)
    draw = Random(begun)
    said: list[int] = []
    for _ in range(200):
        more = [draw.getrandbits(32) for _ in range(draw.randrange(4))]
        contents.extend(more)
        said += more
        for number in range(begun - 3, begun + len(said)):
            known = begun + max(0, len(said) - 10) <= number
            assert contents.get(number) == (said[number - begun] if known else None)
        assert len(contents) <= 10


def test_the_number_of_an_id_is_found_wherever_it_is_kept() -> None:
    """In the dict of the newest, in the generations behind it, and in the batch; the newer of two."""
    seen = SeenIds(100_000, newest=16)
    ids = [digest("web", "acme", str(n)) for n in range(3000)]
    for start in range(0, 2990, 13):
        seen.extend(0, b"".join(ids[start : start + 13]))
    assert [seen.number_of(ids[n], 0) for n in (0, 1, 999, 2985, 2989)] == [0, 1, 999, 2985, 2989]
    batch = BatchDedupe(seen, 100_000)
    end = seen.end
    assert batch.count_if_new(digest("web", "acme", "new"), 0)
    assert batch.number_of(digest("web", "acme", "new"), 0) == end
    assert batch.number_of(digest("web", "acme", "never"), 0) is None
    seen.extend(1, ids[5])
    seen.extend(1, b"".join(digest("web", "acme", f"more {n}") for n in range(20)))
    assert seen.number_of(ids[5], 0) == end


def test_ids_of_generations_below_the_floor_are_not_looked_for() -> None:
    seen = SeenIds(100_000, newest=16)
    ids = [digest("web", "acme", str(n)) for n in range(64)]
    seen.extend(0, b"".join(ids))
    assert seen.number_of(ids[3], 64) is None


SAID = Event(
    event_id="e-1",
    account_id="acme",
    user_id="ann",
    name="feature.used",
    time=NOON,
    source="web",
    received_at=NOON + timedelta(seconds=3),
    properties={"feature": "export", "seats": 3},
)


@pytest.mark.parametrize(
    "changed",
    [
        {"more": True},
        {"received_at": NOON + timedelta(hours=5)},
        {"history": True},
        {"source": "backfill"},
        {"properties": {"seats": 3, "feature": "export"}},
    ],
)
def test_what_ingest_adds_to_an_event_is_no_content(changed: dict[str, Any]) -> None:
    assert content_hash(replace(SAID, **changed)) == content_hash(SAID)


@pytest.mark.parametrize(
    "changed",
    [
        {"name": "page.viewed"},
        {"user_id": None},
        {"time": NOON + timedelta(seconds=1)},
        {"properties": {"feature": "export", "seats": 4}},
    ],
)
def test_all_that_the_client_said_is_content(changed: dict[str, Any]) -> None:
    assert content_hash(replace(SAID, **changed)) != content_hash(SAID)


def test_an_event_without_a_time_has_the_same_content_whenever_it_is_sent() -> None:
    at_once, again = (replace(SAID, time=at, received_at=at) for at in (NOON, NOON + timedelta(hours=1)))
    assert content_hash(at_once) == content_hash(again)
