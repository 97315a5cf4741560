"""Rate limits: a token bucket for each API key, with one token per event."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from common.keys import Key
from common.problems import Problem


@dataclass(frozen=True)
class RateLimit:
    """Events per second in the long run, and how many at once after a pause."""

    per_second: float
    burst: int


class TokenBucket:
    """A token bucket that may go into debt. `now` is seconds of a monotonic clock.

    A request that needs more tokens than are left is accepted, and the next one waits until the debt is refilled.
    So no request is too large to be ever accepted.
    """

    def __init__(self, limit: RateLimit, *, now: float) -> None:
        self._limit = limit
        self._tokens = float(limit.burst)
        self._refilled_at = now

    def seconds_to_wait(self, *, now: float) -> int:
        """Whole seconds until a request is accepted; 0 for now."""
        self._refill(now)
        return 0 if self._tokens > 0 else max(1, ceil(-self._tokens / self._limit.per_second))

    def take(self, events: int, *, now: float) -> None:
        self._refill(now)
        self._tokens -= events

    def _refill(self, now: float) -> None:
        gained = (now - self._refilled_at) * self._limit.per_second
        self._tokens = min(float(self._limit.burst), self._tokens + gained)
        self._refilled_at = now


class KeyRateLimiter:
    """Holds a bucket for each key. Without a limit it accepts everything."""

    def __init__(self, limit: RateLimit | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def check(self, key: Key) -> None:
        """Raises a 429 with the seconds to wait."""
        if self._limit is None:
            return
        bucket = self._buckets.get(key.id)
        wait = bucket.seconds_to_wait(now=self._clock()) if bucket else 0
        if wait:
            detail = f"over {self._limit.per_second:g} events a second: nothing was taken, send it again later"
            raise Problem(429, "too_many_events", detail, headers={"retry-after": str(wait)})

    def charge(self, key: Key, events: int) -> None:
        if self._limit is None:
            return
        now = self._clock()
        # Only valid keys come here, so the number of buckets is bounded by that of the keys.
        if key.id not in self._buckets:
            self._buckets[key.id] = TokenBucket(self._limit, now=now)
        self._buckets[key.id].take(events, now=now)
