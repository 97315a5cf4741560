"""Whether a partition that this process owns may send its messages."""


class SendGate:
    """Opens once the partition has been read to its end; shuts when the partition is far behind again.

    So what came and went during an outage is decided before anything is sent. `behind_after` is seconds, None in stream
    mode, where record time is not wall time.
    """

    def __init__(self, *, behind_after: float | None) -> None:
        self._behind_after = behind_after
        self._active_at: float | None = None
        self._answered_at: float | None = None
        self.open = False

    @property
    def by_the_wall(self) -> bool:
        return self._behind_after is not None

    def slept(self, now: float) -> bool:
        """Whether this process neither polled nor decided anything for so long that it was suspended."""
        return self._is_long_ago(self._active_at, now)

    def out_of_date(self, now: float) -> bool:
        """Whether Kafka's last answer is so long ago that the end of the log in it is the end of then."""
        return self._is_long_ago(self._answered_at, now)

    def answered(self, now: float) -> None:
        """Kafka answered a poll of the partition."""
        self._active_at = self._answered_at = now

    def decides(self, now: float) -> None:
        """Records of the partition are decided now. A long transaction is no suspension."""
        self._active_at = now

    def shut(self) -> None:
        """Nobody knows how much has come since, so the partition is read to its end first."""
        self.open = False

    def update(self, *, level: bool, lag: float) -> None:
        """`level`: all that the log holds has been decided. `lag` is the age of what is read now, in seconds."""
        # Read to the end: nothing newer can take back what is sent.
        if level:
            self.open = True
        # Too far behind: what is about to be read may take back what would be sent.
        elif self._behind_after is not None and lag > self._behind_after:
            self.open = False

    def _is_long_ago(self, at: float | None, now: float) -> bool:
        return self._behind_after is not None and at is not None and now - at > self._behind_after
