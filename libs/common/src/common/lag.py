"""Consumer lag in seconds: an upper bound for the age of the oldest unread record of one partition. Pure."""

from collections.abc import Sequence
from math import inf

from common.bus.ports import Record

# Readers poll twice a second. Without a poll for so long there may be records that the reader does not know of.
POLL_VALID_SECONDS = 5.0


class Lag:
    """The age of the oldest unread record. Moments are seconds since the epoch, by the log's clock as far as known.

    No unread record is older than any of these moments, so the lag is the time since the latest of them:

    - the record time that was read last: Kafka stamps the records of a partition in their order. It is stored with
      the position, so a new owner knows it as soon as it has opened the partition;
    - the record time of the first record that was polled and is not read yet: then the lag is exact;
    - the last poll that left nothing unread. For `POLL_VALID_SECONDS` after such a poll the lag is 0.

    Being assigned the partition is none of these. Until its first poll, a new owner therefore reports the time since
    the last record read. The lag is infinite while nothing is known: before the partition is opened for the first
    time, and before the first poll of a partition that was never read.
    """

    def __init__(self) -> None:
        self._open = False
        self._polled_at = -inf
        self._since = -inf
        self._at_end_at = -inf

    def polled(self, records: Sequence[Record], *, now: float) -> None:
        """Notes what a poll brought, before any of it is read.

        While the partition is not open this leaves the lag alone: the same records will be polled again.
        """
        self._polled_at = now
        if self._open and records:
            self._since, self._at_end_at = records[0].timestamp / 1000, -inf

    def read(self, newest: float | None, *, at_end: bool) -> None:
        """Notes that everything polled has been read. `at_end`: the last poll left nothing unread.

        `newest` is the record time read last: 0 if no record was ever read, None if the partition is not open.
        """
        if newest is None:
            self._open = False
            return
        if not self._open:
            # The stored position may be older than what this reader knew, if the tables were restored from a backup.
            self._open, self._since = True, -inf
        self._at_end_at = self._polled_at if at_end else -inf
        # A record time of 0 means that nothing was ever read, which says nothing about the age of unread records.
        self._since = max(self._since, newest or -inf, self._at_end_at)

    def seconds(self, now: float) -> float:
        if now - self._at_end_at < POLL_VALID_SECONDS:
            return 0.0
        return max(0.0, now - self._since)
