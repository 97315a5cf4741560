"""Of which partitions a worker polls more records."""

from common.bus.ports import PlainRecord
from common.partition_consumer.inbox import Inbox
from common.partition_consumer.inbox_limits import InboxLimits

LIMITS = InboxLimits(max_records=10_000)


def filled(count: int, size: int = 0) -> Inbox:
    inbox = Inbox()
    value = b"x" * size if size else None
    inbox.put([PlainRecord(0, offset, 1_000, b"acme", value, ()) for offset in range(count)])
    return inbox


def test_a_partition_with_a_full_inbox_is_not_polled() -> None:
    full, not_quite = filled(LIMITS.max_records), filled(LIMITS.max_records - 1)
    assert LIMITS.choose_polled({0: full, 1: not_quite, 2: filled(1, LIMITS.max_bytes), 3: Inbox()}) == [1, 3]


def test_a_partition_that_has_little_is_polled_whatever_others_hold() -> None:
    stuck = {number: filled(LIMITS.all_records // 3) for number in range(3)}
    few, more = filled(LIMITS.few_records - 1), filled(LIMITS.few_records)
    assert LIMITS.choose_polled({**stuck, 3: few, 4: more, 5: Inbox()}) == [3, 5]
    large = {number: filled(2, LIMITS.all_bytes // 6) for number in range(3)}
    assert LIMITS.choose_polled({**large, 3: filled(1, LIMITS.few_bytes - 1), 4: filled(1, LIMITS.few_bytes)}) == [3]


def test_inboxes_that_hold_less_together_are_filled() -> None:
    assert LIMITS.choose_polled({0: filled(LIMITS.max_records - 1), 1: filled(LIMITS.few_records + 1)}) == [0, 1]


def test_a_worker_with_small_batches_reads_no_further_ahead_because_others_wait() -> None:
    small = InboxLimits(max_records=100)
    stuck = {number: filled(small.all_records // 2) for number in range(2)}
    assert small.choose_polled({**stuck, 2: filled(99), 3: filled(100)}) == [2]
