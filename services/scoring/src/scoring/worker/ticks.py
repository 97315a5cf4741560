"""When a partition's owner asks the log what time it is (wall mode): time is a record, so it must be written."""

from collections.abc import Callable

from msgspec import Struct

AT_MOST_EVERY = 1.0
GIVEN_UP_AFTER = 10.0  # seconds after which a tick that was not read back is taken for lost


class LogTime:
    """A worker's idea of the log's time: its own clocks, corrected by what the log stamped on its ticks.

    One clock may be set back, another may stand still while the machine sleeps: the latest of them is believed,
    for a tick too many is harmless and one too late is not. The first clock tells the time until a tick does.
    """

    def __init__(self, *clocks: Callable[[], float]) -> None:
        self._clocks = clocks
        self._ahead = tuple(clocks[0]() - one for one in self.read())

    def read(self) -> tuple[float, ...]:
        """What the clocks say, uncorrected."""
        return tuple(clock() for clock in self._clocks)

    def now(self) -> float:
        return max(one + ahead for one, ahead in zip(self.read(), self._ahead, strict=True))

    def read_back(self, *, sent: tuple[float, ...], stamped: float) -> None:
        """`sent` by the worker's clocks, `stamped` by the log."""
        self._ahead = tuple(stamped - one for one in sent)


class Ticker(Struct):
    """One partition's ticks: at most one a second, and none while one is on its way.

    Pauses are counted by a steady clock: the log's time jumps whenever it is corrected.
    """

    asked: float = float("-inf")  # by the steady clock
    offset: int | None = None  # where the last tick went, until it is read back

    def wants(self, *, earliest: int | None, now: float, steady: float) -> bool:
        """`now` is the log's time as far as it is known."""
        if earliest is None or earliest > now:
            return False
        pause = AT_MOST_EVERY if self.offset is None else GIVEN_UP_AFTER
        return steady - self.asked >= pause

    def wrote(self, *, offset: int, steady: float) -> None:
        self.asked = steady
        self.offset = offset

    def failed(self, *, steady: float) -> None:
        self.asked = steady

    def reached(self, offset: int) -> None:
        """All before `offset` was read, by whomever: a commit in doubt that went through is not read again."""
        if self.offset is not None and self.offset < offset:
            self.offset = None

    def read(self, *, offset: int) -> bool:
        """Whether the record at `offset` is the tick that was on its way; it no longer is."""
        if self.offset is None or offset < self.offset:
            return False
        mine = offset == self.offset
        self.offset = None
        return mine
