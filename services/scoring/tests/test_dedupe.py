"""Dedupe is a function of the log: hours and counts, whatever the cuts."""

from hypothesis import given
from hypothesis import strategies as st

from scoring.dedupe import DIGEST, HOURS, Seen, Window, digest


def one(n: int) -> bytes:
    return n.to_bytes(DIGEST, "big")


def test_a_duplicate_is_the_same_source_account_and_id() -> None:
    names = {
        digest("web", "acme", "e1"),
        digest("app", "acme", "e1"),
        digest("web", "acme2", "e1"),
        digest("web", "acme", "e2"),
        digest("weba", "cme", "e1"),  # the cut between the fields is part of the name
    }
    assert len(names) == 5
    assert digest("web", "acme", "e1") in names


def test_the_same_event_twice_in_one_batch_counts_once() -> None:
    window = Window(Seen(10), 10)
    assert window.count(one(1), 5)
    assert not window.count(one(1), 5)
    assert window.blobs() == {5: one(1)}


def test_an_id_is_remembered_through_its_hour_and_the_24_after_it() -> None:
    seen = Seen(10)
    seen.extend(100, [one(1)])
    assert not Window(seen, 10).count(one(1), 100 + HOURS)
    assert Window(seen, 10).count(one(1), 100 + HOURS + 1)


def test_an_id_is_remembered_only_among_the_last_n() -> None:
    window = Window(Seen(3), 3)
    assert all(window.count(one(n), 1) for n in range(3))
    assert not window.count(one(0), 1)
    assert window.count(one(3), 1)
    assert window.count(one(0), 1), "three others came after it"


def test_a_dropped_view_leaves_nothing_behind() -> None:
    seen = Seen(10)
    seen.extend(1, [one(1)])
    dropped = Window(seen, 10)
    dropped.count(one(2), 30)
    again = Window(seen, 10)
    assert not again.count(one(1), 1)
    assert again.count(one(2), 30)


def naive(log: list[tuple[int, int]], limit: int) -> list[bool]:
    """What the rule says, read literally: every counted id with its hour, newest last."""
    counted: list[tuple[int, int]] = []
    verdicts = []
    for number, hour in log:
        remembered = [n for n, h in counted[-limit:] if h >= hour - HOURS]
        verdicts.append(number not in remembered)
        if number not in remembered:
            counted.append((number, hour))
    return verdicts


@given(
    steps=st.lists(st.tuples(st.integers(0, 12), st.sampled_from([0, 0, 0, 1, 11, 30])), max_size=60),
    cuts=st.lists(st.integers(1, 8), min_size=1),
    limit=st.integers(1, 8),
    restarts=st.booleans(),
)
def test_cuts_and_restarts_change_nothing(
    steps: list[tuple[int, int]], cuts: list[int], limit: int, restarts: bool
) -> None:
    hour = 0
    log = []
    for number, later in steps:
        hour += later
        log.append((number, hour))
    seen = Seen(limit)
    stored: list[tuple[int, dict[int, bytes]]] = []
    verdicts: list[bool] = []
    at = 0
    while at < len(log):
        size = cuts[len(stored) % len(cuts)]
        window = Window(seen, limit)
        verdicts += [window.count(one(number), hour) for number, hour in log[at : at + size]]
        newest = log[min(at + size, len(log)) - 1][1]
        stored.append((newest, window.blobs()))
        if restarts:
            seen = Seen(limit)
            for _, blobs in stored:
                for when, ids in blobs.items():
                    if when >= newest - HOURS:
                        seen.restore(when, ids)
        else:
            for when, ids in stored[-1][1].items():
                seen.restore(when, ids)
        seen.forget(newest)
        assert len(seen) <= limit
        at += size
    assert verdicts == naive(log, limit)


def test_the_window_is_as_long_as_the_oldest_id_is_old() -> None:
    seen = Seen(2)
    assert seen.oldest_hour() is None
    seen.extend(5, [one(1)])
    seen.extend(7, [one(2), one(3)])
    seen.forget(7)
    assert seen.oldest_hour() == 7


def test_an_hour_of_which_ids_were_forgotten_is_not_shown_as_remembered() -> None:
    seen = Seen(3)
    seen.extend(7, [one(1), one(2)])
    seen.extend(8, [one(3)])
    seen.forget(8)
    assert seen.oldest_hour() == 7
    seen.extend(8, [one(4)])
    seen.forget(8)
    assert seen.has(one(2), hour=8, fresh=0)
    assert seen.oldest_hour() == 8, "the first id of hour 7 would count again"
