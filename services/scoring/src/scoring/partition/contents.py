"""Whether an event id came again with other content: 32 bits of what each of the last ids said.

A hash is kept in memory only. A worker that opens a partition does not know what earlier ids said, and counts nothing.
"""

from array import array
from collections.abc import Sequence
from typing import Final
from zlib import crc32

import msgspec

from common.contracts.events import Event

LIMIT: Final = 100_000  # ids of a partition
_encode: Final = msgspec.msgpack.Encoder(order="deterministic").encode


def content_hash(event: Event) -> int:
    """32 bits of what the client said beside the ids; the order of properties does not matter."""
    # Ingest gives an event without a time that of its receipt, which is another one whenever it is sent again.
    time = None if event.time == event.received_at else event.time
    return crc32(_encode((event.name, event.user_id, time, event.properties)))


class SeenContents:
    """The hashes of the last `limit` ids by their numbers; `end` is the number that the next id gets."""

    def __init__(self, end: int, limit: int = LIMIT) -> None:
        self._end = self._known_from = end
        self._limit = limit
        # Grows to the limit, then the newest takes the place of the oldest.
        self._hashes = array("I")

    def __len__(self) -> int:
        return len(self._hashes)

    def extend(self, hashes: Sequence[int]) -> None:
        """Adds those of the ids that a commit has counted, in the order of the log."""
        for number, each in enumerate(hashes, self._end - self._known_from):
            if number < self._limit:
                self._hashes.append(each)
            else:
                self._hashes[number % self._limit] = each
        self._end += len(hashes)

    def get(self, number: int) -> int | None:
        """The hash of the id with this number; None if it is not known any more, or was not read by this worker."""
        if number < self._known_from or number < self._end - self._limit:
            return None
        return self._hashes[(number - self._known_from) % self._limit]
