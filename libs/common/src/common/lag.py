"""How old what a partition's reader has not read is, at the most, at any moment. Pure."""

from collections.abc import Sequence
from math import inf

from common.bus.ports import Record

# A reader polls twice a second when nothing comes: what was not polled for so long may hold anything.
OVERLOOKED = 5.0


class Lag:
    """The age of the oldest record not read. Moments are seconds since the epoch, by the log's clock as far as known.

    No unread record is older than any of these, so the lag is the time since the latest of them:

    - the record time that was read last: a log stamps its records in their order. It is stored with the position, so
      the reader has it as soon as it has opened the partition, whoever read that record;
    - the record time of the first record that was polled and is not read yet: then the lag is exact;
    - the last poll that left nothing unread. For `OVERLOOKED` seconds after such a poll the lag is 0.

    To be given a partition is none of these. So the lag of a new reader begins as the time since the last record read,
    until its first poll shows the next record, or that there is none. It is infinite while nothing is known: before the
    partition is opened for the first time, and before the first poll of a log of which nothing was ever read.
    """

    def __init__(self) -> None:
        self._open = False
        self._polled_at = -inf
        self._since = -inf
        self._level_at = -inf

    def polled(self, records: Sequence[Record], *, now: float) -> None:
        """What a poll brought, before any of it is read. Without effect on the lag while the partition is not open:
        such records are polled again.
        """
        self._polled_at = now
        if self._open and records:
            self._since, self._level_at = records[0].timestamp / 1000, -inf

    def read(self, newest: float | None, *, level: bool) -> None:
        """What was polled has been read. `newest` is the record time read last, 0 if nothing ever was, None if the
        partition is not open; `level` says that the poll left nothing unread.
        """
        if newest is None:
            self._open = False
            return
        if not self._open:
            # Opened anew: where it was left may lie before what this reader knew, if the tables were restored.
            self._open, self._since = True, -inf
        self._level_at = self._polled_at if level else -inf
        self._since = max(self._since, newest or -inf, self._level_at)

    def seconds(self, now: float) -> float:
        if now - self._level_at < OVERLOOKED:
            return 0.0
        return max(0.0, now - self._since)
