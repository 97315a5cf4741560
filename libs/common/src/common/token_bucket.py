"""A token bucket: what fits a rate in the long run, with a burst after a pause. Pure."""

from msgspec import Struct


class RateLimit(Struct, frozen=True):
    """Events per second in the long run, and how many at once after a pause."""

    per_second: float
    burst: int


class TokenBucket:
    """Begins full with `burst` tokens and gains `per_second`, up to `burst`.

    It may go into debt: the caller decides by `level` and `seconds_until` who may take. `now` is seconds of a clock
    that never goes back.
    """

    def __init__(self, *, per_second: float, burst: float, now: float) -> None:
        self._per_second = per_second
        self._burst = burst
        self._level = burst
        self._at = now

    def level(self, now: float) -> float:
        """The tokens that are there; negative while tokens are owed."""
        return min(self._burst, self._level + (now - self._at) * self._per_second)

    def take(self, tokens: float, *, now: float) -> None:
        self._level, self._at = self.level(now) - tokens, now

    def seconds_until(self, level: float, *, now: float) -> float:
        """Until that many tokens are there; 0 if they are. Never more than `burst` will be there."""
        return max(0.0, (level - self.level(now)) / self._per_second)
