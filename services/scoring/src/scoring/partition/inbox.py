"""The records of one partition that were polled and are not scored yet."""

from collections import deque
from collections.abc import Sequence

from common.bus.ports import Record

# A partition that holds more gets nothing from the next poll: enough to go on with, and bounded in memory.
ENOUGH_RECORDS = 2_000
ENOUGH_BYTES = 1_000_000


class Inbox:
    """In the order of the log."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._records)

    @property
    def full(self) -> bool:
        return len(self._records) >= ENOUGH_RECORDS or self._bytes >= ENOUGH_BYTES

    def put(self, records: Sequence[Record]) -> None:
        self._records.extend(records)
        self._bytes += _size(records)

    def take(self, count: int) -> list[Record]:
        """The next records, at most `count`."""
        taken = [self._records.popleft() for _ in range(min(count, len(self._records)))]
        self._bytes -= _size(taken)
        return taken

    def put_back(self, records: Sequence[Record]) -> None:
        """What was taken last and is not scored after all."""
        self._records.extendleft(reversed(records))
        self._bytes += _size(records)

    def clear(self) -> None:
        self._records.clear()
        self._bytes = 0


def _size(records: Sequence[Record]) -> int:
    return sum([len(value) for record in records if (value := record.value)])
