"""Records of one partition that were polled and are not scored yet, and of which partitions more are polled."""

from collections import deque
from collections.abc import Mapping, Sequence

from common.bus.ports import Record

# A full inbox is left out of the next poll: this bounds memory, and keeps the scorer busy meanwhile. A deep one makes
# deep commits, which write fewer states an event.
MAX_RECORDS = 10_000
MAX_BYTES = 4_000_000
# What the inboxes of a worker hold together before only those with a few records are polled. So no partition starves
# when others cannot commit.
ALL_RECORDS = 24_000
ALL_BYTES = 8_000_000
FEW_RECORDS = 500
FEW_BYTES = 200_000


class Inbox:
    """In the order of the log."""

    def __init__(self) -> None:
        self._records: deque[Record] = deque()
        self._bytes = 0  # of the values; what is taken counts with the average of what is there

    def __len__(self) -> int:
        return len(self._records)

    @property
    def size(self) -> int:
        """Bytes of the records' values, estimated; 0 if there are none."""
        return self._bytes

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


def choose_polled(inboxes: Mapping[int, Inbox]) -> list[int]:
    """The partitions, of all that a worker owns, of which the next poll may bring more records."""
    records = sum(len(inbox) for inbox in inboxes.values())
    size = sum(inbox.size for inbox in inboxes.values())
    within = records < ALL_RECORDS and size < ALL_BYTES
    most_records, most_bytes = (MAX_RECORDS, MAX_BYTES) if within else (FEW_RECORDS, FEW_BYTES)
    return [number for number, inbox in inboxes.items() if len(inbox) < most_records and inbox.size < most_bytes]
