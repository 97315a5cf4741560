"""What its owner saw of a partition at the last look, and what that means at any moment after. Pure."""

from msgspec import Struct

# The loop comes by twice a second when nothing happens: what was not looked at for so long may hold anything.
OVERLOOKED = 5.0


class LastLook(Struct, frozen=True, kw_only=True):
    """Seconds, by the log's time.

    `level_at` is when nothing was unread for the last time, or when the partition was given to this worker; `newest`
    the record time that was read last, 0 where that is another time (stream mode); `earliest` the first due moment.
    """

    looked_at: float
    level_at: float
    newest: float = 0.0
    earliest: float | None = None

    def lag(self, now: float) -> float:
        """So old is the oldest record not read, at the most: whatever lay there before one of the two was read."""
        if self.looked_at == self.level_at and now - self.looked_at < OVERLOOKED:
            return 0.0
        return max(0.0, now - max(self.level_at, self.newest))

    def overdue(self, now: float) -> float:
        """For so long the earliest timer has been due."""
        return 0.0 if self.earliest is None else max(0.0, now - self.earliest)
