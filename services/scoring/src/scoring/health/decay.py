"""An exponentially decayed sum: the state behind rates, ratios and distinct counts."""

from math import exp, inf, log
from typing import Any, Final, final

from scoring.health.clock import Clock
from scoring.health.moments import DAY

LN2: Final = 0.6931471805599453


def decay_rate(half_life: float) -> float:
    """The share that decays per operational second, for a half-life in days: ln 2 / half-life."""
    return LN2 / (half_life * DAY)


@final
class DecayingSum:
    """`total` as of `newest`, the latest UTC moment added. The order of additions does not matter.

    An addition that comes late counts what is left of it: w * exp(-decay * age). `decay` is per operational second.
    """

    __slots__ = ("newest", "newest_tau", "saved_newest", "saved_tau", "saved_total", "total")

    def __init__(self) -> None:
        self.total = 0.0
        self.newest = -inf
        self.newest_tau = -inf
        self.saved_total = 0.0
        self.saved_newest = -inf
        self.saved_tau = -inf

    def save(self) -> None:
        """Keeps the state for `undo`."""
        self.saved_total = self.total
        self.saved_newest = self.newest
        self.saved_tau = self.newest_tau

    def undo(self) -> None:
        self.total = self.saved_total
        self.newest = self.saved_newest
        self.newest_tau = self.saved_tau

    def dump(self) -> tuple[float, float]:
        """(total, newest) for the store."""
        return self.total, self.newest

    def restore(self, state: Any) -> None:
        """Takes what `dump` gave. `rebase` follows."""
        self.total, self.newest = state

    @property
    def empty(self) -> bool:
        """Whether nothing was ever added."""
        return self.newest == -inf

    def rebase(self, clock: Clock) -> None:
        """Recomputes operational time after a load, or for another clock."""
        self.newest_tau = clock.operational(self.newest)

    def add(self, weight: float, moment: float, tau: float, decay: float) -> None:
        """`tau` is the operational time of `moment`."""
        # Always rebased to the newest moment: a factor above 1 could overflow, a late addition has a factor below 1.
        if moment >= self.newest:
            if self.total != 0.0:
                self.total *= exp((self.newest_tau - tau) * decay)
            self.total += weight
            self.newest = moment
            self.newest_tau = tau
        else:
            self.total += weight * exp((tau - self.newest_tau) * decay)

    def falls_below(self, line: float, decay: float) -> float:
        """The operational time from which on the sum is below `line` in silence; minus infinity if it is empty."""
        if line <= 0.0:
            return inf
        if self.total <= 0.0:
            return -inf
        # total * exp(-decay * age) = line, solved for the age.
        return self.newest_tau + (log(self.total) - log(line)) / decay
