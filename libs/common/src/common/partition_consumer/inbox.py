"""Records of one partition that were polled and are not handled yet."""

from collections import deque
from collections.abc import Sequence

from common.bus.ports import Record


class Inbox:
    """In the order of the log.

    `read_to_end` says whether the last poll of the partition reached the end of the log, as far as that was known.
    """

    def __init__(self) -> None:
        self._records: deque[Record] = deque()
        self._bytes = 0  # of the values; what is taken counts with the average of what is there
        self.read_to_end = False

    def __len__(self) -> int:
        return len(self._records)

    @property
    def size(self) -> int:
        """Bytes of the records' values, estimated; 0 if there are none."""
        return self._bytes

    @property
    def at_log_end(self) -> bool:
        """Whether every record was taken that the log was known to hold at the last poll."""
        return self.read_to_end and not self._records

    @property
    def oldest(self) -> Record | None:
        """The record that is taken next."""
        return self._records[0] if self._records else None

    def put(self, records: Sequence[Record]) -> None:
        self._records.extend(records)
        self._bytes += _size(records)

    def take(self, count: int) -> list[Record]:
        """The next records, at most `count`."""
        records = self._records
        before = len(records)
        if count >= before:
            taken = list(records)
            self.clear()
        else:
            taken = [records.popleft() for _ in range(count)]
            self._bytes -= self._bytes * count // before
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
