"""Which rows of the ids seen become one, and which hold nothing that can be asked for."""

from hypothesis import given
from hypothesis import strategies as st

from scoring.worker.housekeeping.seen import Blob, BlobRun, newest_forgotten, plan_merges

sizes = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6)), max_size=40)


def blobs(oldest_first: list[tuple[int, int]]) -> list[Blob]:
    """Of (hours since the one before, ids), newest first."""
    found: list[Blob] = []
    hour = 0
    for seq, (later, ids) in enumerate(oldest_first):
        hour += later
        found.append(Blob(hour=hour, seq=seq, ids=ids))
    return found[::-1]


def merged(rows: list[Blob], found: list[BlobRun]) -> list[Blob]:
    after = {(row.hour, row.seq): row for row in rows}
    for run in found:
        group = [
            after.pop((run.hour, row.seq)) for row in rows if row.hour == run.hour and run.first <= row.seq <= run.last
        ]
        assert len(group) == run.rows
        after[run.hour, run.last] = Blob(hour=run.hour, seq=run.last, ids=sum(row.ids for row in group))
    return [after[key] for key in sorted(after, reverse=True)]


@given(oldest_first=sizes, most=st.integers(1, 12), step=st.integers(2, 50))
def test_neighbours_of_an_hour_that_is_over_become_one_up_to_a_size(
    oldest_first: list[tuple[int, int]], most: int, step: int
) -> None:
    rows = blobs(oldest_first)
    now = rows[0].hour if rows else 0
    found = list(plan_merges(rows, before=now, max_ids=most, max_rows=step))
    assert all(run.hour < now and 2 <= run.rows <= step for run in found)
    after = merged(rows, found)
    assert sum(row.ids for row in after) == sum(row.ids for row in rows)
    assert all(row.ids <= most for row in after if row not in rows)


@given(oldest_first=sizes, most=st.integers(1, 12))
def test_what_was_merged_is_not_merged_again(oldest_first: list[tuple[int, int]], most: int) -> None:
    rows = blobs(oldest_first)
    now = rows[0].hour if rows else 0
    after = merged(rows, list(plan_merges(rows, before=now, max_ids=most, max_rows=99)))
    assert list(plan_merges(after, before=now, max_ids=most, max_rows=99)) == []


@given(oldest_first=sizes, remembered=st.integers(1, 30))
def test_the_newest_forgotten_row_is_the_newest_one_of_which_nothing_is_remembered(
    oldest_first: list[tuple[int, int]], remembered: int
) -> None:
    rows = blobs(oldest_first)
    through = newest_forgotten(rows, remembered)
    kept = [row for row in rows if through is None or (row.hour, row.seq) > through]
    total = sum(row.ids for row in rows)
    # One more than are remembered: it tells whether the hour of the oldest is remembered whole.
    assert sum(row.ids for row in kept) >= min(total, remembered + 1)
    if through is not None:
        assert sum(row.ids for row in kept[:-1]) <= remembered
