"""Dedupe is a function of the log: hours and counts, whatever the cuts."""

import tracemalloc
from collections.abc import Iterator
from random import Random

import pytest

from scoring.partition.dedupe import HOURS, BatchDedupe, SeenIds, digest
from scoring.partition.seen.generation import DIGEST


def one(n: int) -> bytes:
    return n.to_bytes(DIGEST, "big")


def several(*numbers: int) -> bytes:
    return b"".join(map(one, numbers))


def test_a_duplicate_is_the_same_source_account_and_id() -> None:
    names = {
        digest("web", "acme", "e1"),
        digest("app", "acme", "e1"),
        digest("web", "acme2", "e1"),
        digest("web", "acme", "e2"),
        digest("weba", "cme", "e1"),  # the cut between the fields is part of the name
        digest("web", "acmee1", ""),
        digest("", "web", "acmee1"),
    }
    assert len(names) == 7
    assert digest("web", "acme", "e1") in names


def test_a_digest_is_the_same_in_every_version_for_it_is_stored() -> None:
    assert digest("web", "acme", "e1").hex() == "9f0869f160fd4444379bd61299d8c1e0"


def test_the_same_event_twice_in_one_batch_counts_once() -> None:
    window = BatchDedupe(SeenIds(10), 10)
    assert window.count_if_new(one(1), 5)
    assert not window.count_if_new(one(1), 5)
    assert window.blobs() == {5: one(1)}


def test_a_batch_that_crosses_an_hour_is_stored_by_the_hour_in_the_order_of_the_log() -> None:
    seen = SeenIds(10)
    seen.extend(5, one(1))
    window = BatchDedupe(seen, 10)
    for n, hour in ((2, 5), (3, 5), (2, 6), (4, 7)):  # hour 6 counts nothing
        window.count_if_new(one(n), hour)
    assert window.blobs() == {5: several(2, 3), 7: one(4)}


def test_an_id_is_remembered_through_its_hour_and_the_24_after_it() -> None:
    seen = SeenIds(10)
    seen.extend(100, one(1))
    assert not BatchDedupe(seen, 10).count_if_new(one(1), 100 + HOURS)
    assert BatchDedupe(seen, 10).count_if_new(one(1), 100 + HOURS + 1)


def test_what_is_too_old_to_be_asked_for_is_let_go() -> None:
    seen = SeenIds(10)
    seen.extend(100, one(1))
    seen.forget(100 + HOURS)
    assert (len(seen), seen.oldest_hour()) == (1, 100)
    seen.forget(100 + HOURS + 1)
    assert (len(seen), seen.oldest_hour()) == (0, None)


def test_an_id_is_remembered_only_among_the_last_n() -> None:
    window = BatchDedupe(SeenIds(3), 3)
    assert all(window.count_if_new(one(n), 1) for n in range(3))
    assert not window.count_if_new(one(0), 1)
    assert window.count_if_new(one(3), 1)
    assert window.count_if_new(one(0), 1), "three others came after it"


def test_a_dropped_view_leaves_nothing_behind() -> None:
    seen = SeenIds(10)
    seen.extend(1, one(1))
    dropped = BatchDedupe(seen, 10)
    dropped.count_if_new(one(2), 30)
    again = BatchDedupe(seen, 10)
    assert not again.count_if_new(one(1), 1)
    assert again.count_if_new(one(2), 30)


def test_the_window_is_as_long_as_the_oldest_id_is_old() -> None:
    seen = SeenIds(2)
    assert seen.oldest_hour() is None
    seen.extend(5, one(1))
    seen.extend(7, several(2, 3))
    seen.forget(7)
    assert seen.oldest_hour() == 7


def test_an_hour_of_which_ids_were_forgotten_is_not_shown_as_remembered() -> None:
    seen = SeenIds(3)
    seen.extend(7, several(1, 2))
    seen.extend(8, one(3))
    seen.forget(8)
    assert seen.oldest_hour() == 7
    seen.extend(8, one(4))
    seen.forget(8)
    assert not BatchDedupe(seen, 3).count_if_new(one(2), 8)
    assert seen.oldest_hour() == 8, "the first id of hour 7 would count again"


@pytest.fixture
def traced() -> Iterator[None]:
    tracemalloc.start()
    yield
    tracemalloc.stop()


@pytest.mark.usefixtures("traced")
def test_an_id_takes_less_than_20_bytes() -> None:
    ids = 400_000
    stored = Random(7).randbytes(ids * DIGEST)
    before, _ = tracemalloc.get_traced_memory()
    seen = SeenIds(ids)
    seen.restore([(1, stored[: len(stored) // 2])])
    for at in range(len(stored) // 2, len(stored), 5000 * DIGEST):
        seen.extend(1, stored[at : at + 5000 * DIGEST])
        seen.forget(1)
    after, _ = tracemalloc.get_traced_memory()
    assert len(seen) == ids
    assert (after - before) / ids < 20


@pytest.mark.usefixtures("traced")
def test_what_is_forgotten_gives_its_room_back() -> None:
    rng = Random(7)
    limit = 20_000
    before, _ = tracemalloc.get_traced_memory()
    seen = SeenIds(limit, newest=128, largest=1 << 14)
    held = []
    for _ in range(100):
        seen.extend(1, rng.randbytes(1000 * DIGEST))
        seen.forget(1)
        held.append((tracemalloc.get_traced_memory()[0] - before) / limit)
    assert max(held) < 24
