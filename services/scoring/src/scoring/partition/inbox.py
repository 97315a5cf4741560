"""Records of one partition that were polled and are not scored yet."""

from collections import deque
from collections.abc import Sequence

from common.bus.ports import Record

# A full inbox is left out of the next poll: this bounds memory, and keeps the scorer busy meanwhile.
MAX_RECORDS = 2_000
MAX_BYTES = 1_000_000


class Inbox:
    """In the order of the log."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque()
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._records)

    @property
    def full(self) -> bool:
        return len(self._records) >= MAX_RECORDS or self._bytes >= MAX_BYTES

    def put(self, records: Sequence[Record]) -> None:
        self._records.extend(records)
        self._bytes += _size(records)

    def take(self, count: int) -> list[Record]:
        """The next records, at most `count`."""
        taken = [self._records.popleft() for _ in range(min(count, len(self._records)))]
        self._bytes -= _size(taken)
        return taken

    def put_back(self, records: Sequence[Record]) -> None:
        """Puts records back that were taken last."""
        self._records.extendleft(reversed(records))
        self._bytes += _size(records)

    def clear(self) -> None:
        self._records.clear()
        self._bytes = 0


def _size(records: Sequence[Record]) -> int:
    return sum([len(value) for record in records if (value := record.value)])
