"""Rate limits: a token bucket for each API key, with one token per event."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil

from common.keys import Key
from common.problems import Problem
from common.token_bucket import TokenBucket


@dataclass(frozen=True)
class RateLimit:
    """Events per second in the long run, and how many at once after a pause."""

    per_second: float
    burst: int


class KeyRateLimiter:
    """Holds a token bucket for each key. Without a limit it accepts everything.

    A request that needs more tokens than are left is accepted, and the next one waits until the debt is refilled.
    So no request is too large to be ever accepted.
    """

    def __init__(self, limit: RateLimit | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._buckets: dict[str, TokenBucket] = {}

    def check(self, key: Key) -> None:
        """Raises a 429 with the whole seconds to wait."""
        if self._limit is None:
            return
        bucket, now = self._buckets.get(key.id), self._clock()
        if bucket is not None and bucket.level(now) <= 0:
            wait = max(1, ceil(bucket.seconds_until(0.0, now=now)))
            detail = f"over {self._limit.per_second:g} events a second: nothing was taken, send it again later"
            raise Problem(429, "too_many_events", detail, headers={"retry-after": str(wait)})

    def charge(self, key: Key, events: int) -> None:
        if self._limit is None:
            return
        now = self._clock()
        # Only valid keys come here, so the number of buckets is bounded by that of the keys.
        if key.id not in self._buckets:
            self._buckets[key.id] = TokenBucket(per_second=self._limit.per_second, burst=self._limit.burst, now=now)
        self._buckets[key.id].take(events, now=now)
