"""When a partition's owner asks the log what time it is (wall mode): time is a record, so it must be written."""

from msgspec import Struct

AT_MOST_EVERY = 1.0
GIVEN_UP_AFTER = 10.0  # seconds after which a tick that was not read back is taken for lost


class LogTime:
    """A worker's idea of the log's time: its own clock, corrected by what the log stamped on its ticks."""

    def __init__(self) -> None:
        self._ahead = 0.0

    def now(self, clock: float) -> float:
        return clock + self._ahead

    def read_back(self, *, sent: float, stamped: float) -> None:
        """`sent` by the worker's clock, `stamped` by the log."""
        self._ahead = stamped - sent


class Ticker(Struct):
    """One partition's ticks: at most one a second, and none while one is on its way."""

    asked: float = float("-inf")
    offset: int | None = None  # where the last tick went, until it is read back

    def wants(self, *, earliest: int | None, now: float) -> bool:
        if earliest is None or earliest > now:
            return False
        pause = AT_MOST_EVERY if self.offset is None else GIVEN_UP_AFTER
        return now - self.asked >= pause

    def wrote(self, *, offset: int, now: float) -> None:
        self.asked = now
        self.offset = offset

    def failed(self, *, now: float) -> None:
        self.asked = now

    def read(self, *, offset: int) -> bool:
        """Whether the record at `offset` is the tick that was on its way; it no longer is."""
        if self.offset is None or offset < self.offset:
            return False
        mine = offset == self.offset
        self.offset = None
        return mine
