"""What was polled of a partition and waits to be handled."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from common.bus.ports import PlainRecord, Record
from common.partition_consumer.inbox import Inbox


def records(count: int, *, first: int) -> list[Record]:
    """Each with a value of `count` bytes."""
    return [PlainRecord(0, first + i, 1_000, b"acme", b"x" * count, ()) for i in range(count)]


@given(st.lists(st.one_of(st.integers(1, 5).map(lambda n: ("put", n)), st.integers(0, 7).map(lambda n: ("take", n)))))
def test_what_was_put_comes_out_in_its_order(steps: Sequence[tuple[str, int]]) -> None:
    inbox, expected, end = Inbox(), list[int](), 0
    for what, count in steps:
        if what == "put":
            inbox.put(records(count, first=end))
            expected += range(end, end + count)
            end += count
        else:
            taken = inbox.take(count)
            assert [record.offset for record in taken] == expected[:count]
            inbox.put_back(taken[1:])
            del expected[: min(1, len(taken))]
        assert len(inbox) == len(expected)
        assert (inbox.size > 0) == bool(expected)


def test_it_is_at_the_logs_end_when_the_last_poll_reached_it_and_everything_was_taken() -> None:
    inbox = Inbox()
    assert not inbox.at_log_end, "nothing was polled yet"
    inbox.put(records(2, first=0))
    inbox.read_to_end = True
    assert not inbox.at_log_end
    inbox.take(1)
    assert not inbox.at_log_end
    inbox.take(1)
    assert inbox.at_log_end
