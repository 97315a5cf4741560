"""When the owner of a partition appends a tick (wall mode): time is a record, so silence needs one to be noticed."""

from collections.abc import Callable

from msgspec import Struct

MIN_INTERVAL = 1.0
LOST_AFTER = 10.0  # seconds after which a tick that was not read back counts as lost


class LogTime:
    """A worker's idea of the log's time: its own clocks, corrected by the time stamps of its ticks.

    One clock may be set back, and another may stand still while the machine sleeps. The latest one counts: a tick too
    many is harmless, a late one is not. Until the first tick is read back, the first clock is taken as it is.
    """

    def __init__(self, *clocks: Callable[[], float]) -> None:
        self._clocks = clocks
        self._ahead = tuple(clocks[0]() - one for one in self.clock_readings())

    def clock_readings(self) -> tuple[float, ...]:
        """What the clocks show, uncorrected."""
        return tuple(clock() for clock in self._clocks)

    def now(self) -> float:
        return max(one + ahead for one, ahead in zip(self.clock_readings(), self._ahead, strict=True))

    def correct(self, *, sent: tuple[float, ...], stamped: float) -> None:
        """`sent` is what the clocks showed when a tick was sent, `stamped` the log's time stamp on it."""
        self._ahead = tuple(stamped - one for one in sent)


class Ticker(Struct):
    """One partition's ticks: at most one a second, and none while one is on its way.

    Pauses are measured with a steady clock, because every correction makes the log's time jump.
    """

    attempted_at: float = float("-inf")  # by the steady clock
    offset: int | None = None  # of the last tick, until it is read back

    def is_due(self, *, earliest: float | None, now: float, steady: float) -> bool:
        """`earliest` is the first timer, `now` the log's time as far as it is known."""
        if earliest is None or earliest > now:
            return False
        pause = MIN_INTERVAL if self.offset is None else LOST_AFTER
        return steady - self.attempted_at >= pause

    def sent(self, *, offset: int, steady: float) -> None:
        self.attempted_at = steady
        self.offset = offset

    def failed(self, *, steady: float) -> None:
        self.attempted_at = steady

    def committed(self, to_offset: int) -> None:
        """All before `to_offset` is scored. A tick in a commit in doubt that went through is not read again."""
        if self.offset is not None and self.offset < to_offset:
            self.offset = None

    def read_back(self, *, offset: int) -> bool:
        """A tick was read at `offset`; whether it is the one on its way, which then has arrived."""
        if self.offset is None or offset < self.offset:
            return False
        own = offset == self.offset
        self.offset = None
        return own
