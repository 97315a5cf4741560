"""What waits to be scored, and of which partitions more is polled."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from common.bus.ports import PlainRecord, Record
from scoring.partition.inbox import (
    ALL_BYTES,
    ALL_RECORDS,
    FEW_BYTES,
    FEW_RECORDS,
    MAX_BYTES,
    MAX_RECORDS,
    Inbox,
    choose_polled,
)


def records(count: int, size: int = 0, *, first: int = 0) -> list[Record]:
    value = b"x" * size if size else None
    return [PlainRecord(0, first + i, 1_000, b"acme", value, ()) for i in range(count)]


def filled(count: int, size: int = 0) -> Inbox:
    inbox = Inbox()
    inbox.put(records(count, size))
    return inbox


@given(st.lists(st.one_of(st.integers(1, 5).map(lambda n: ("put", n)), st.integers(0, 7).map(lambda n: ("take", n)))))
def test_what_was_put_comes_out_in_its_order(steps: Sequence[tuple[str, int]]) -> None:
    inbox, expected, end = Inbox(), list[int](), 0
    for what, count in steps:
        if what == "put":
            inbox.put(records(count, size=count, first=end))
            expected += range(end, end + count)
            end += count
        else:
            taken = inbox.take(count)
            assert [record.offset for record in taken] == expected[:count]
            inbox.put_back(taken[1:])
            del expected[: min(1, len(taken))]
        assert len(inbox) == len(expected)
        assert (inbox.size > 0) == bool(expected)


def test_a_partition_with_a_full_inbox_is_not_polled() -> None:
    inboxes = {0: filled(MAX_RECORDS), 1: filled(MAX_RECORDS - 1), 2: filled(1, MAX_BYTES), 3: Inbox()}
    assert choose_polled(inboxes) == [1, 3]


def test_a_partition_that_has_little_is_polled_whatever_others_hold() -> None:
    stuck = {number: filled(ALL_RECORDS // 3) for number in range(3)}
    assert choose_polled({**stuck, 3: filled(FEW_RECORDS - 1), 4: filled(FEW_RECORDS), 5: Inbox()}) == [3, 5]
    large = {number: filled(2, ALL_BYTES // 6) for number in range(3)}
    assert choose_polled({**large, 3: filled(1, FEW_BYTES - 1), 4: filled(1, FEW_BYTES)}) == [3]


def test_inboxes_that_hold_less_together_are_filled() -> None:
    assert choose_polled({0: filled(MAX_RECORDS - 1), 1: filled(FEW_RECORDS + 1)}) == [0, 1]
