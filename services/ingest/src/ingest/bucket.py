"""How fast one key may send: a bucket of tokens, one per event, that may go into debt once.

A batch that is larger than what is left is taken whole, and the next waits until the debt is worked off: no
batch is too large ever to pass.
"""

from dataclasses import dataclass
from math import ceil


@dataclass(frozen=True)
class Rate:
    """Events per second in the long run, and how many at once after a rest."""

    per_second: float
    burst: int


class Bucket:
    """`now` is seconds of a clock that never goes back."""

    def __init__(self, rate: Rate, *, now: float) -> None:
        self._rate = rate
        self._tokens = float(rate.burst)
        self._at = now

    def wait(self, *, now: float) -> int:
        """Whole seconds until the next request is taken; 0 if it is taken now."""
        self._refill(now)
        return 0 if self._tokens > 0 else max(1, ceil(-self._tokens / self._rate.per_second))

    def charge(self, events: int, *, now: float) -> None:
        self._refill(now)
        self._tokens -= events

    def _refill(self, now: float) -> None:
        gained = (now - self._at) * self._rate.per_second
        self._tokens = min(float(self._rate.burst), self._tokens + gained)
        self._at = now
