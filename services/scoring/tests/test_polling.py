"""Of which partitions a worker polls more records."""

from common.bus.ports import PlainRecord
from common.partition_consumer.inbox import Inbox
from scoring.partition.polling import (
    ALL_BYTES,
    ALL_RECORDS,
    FEW_BYTES,
    FEW_RECORDS,
    MAX_BYTES,
    MAX_RECORDS,
    choose_polled,
)


def filled(count: int, size: int = 0) -> Inbox:
    inbox = Inbox()
    value = b"x" * size if size else None
    inbox.put([PlainRecord(0, offset, 1_000, b"acme", value, ()) for offset in range(count)])
    return inbox


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
