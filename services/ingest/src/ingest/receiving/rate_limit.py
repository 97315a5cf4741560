"""Rate limits: a token bucket for each API key, with one token per event."""

import time
from collections.abc import Callable
from math import ceil, floor

from common.keys import Key
from common.problems import Problem
from common.token_bucket import RateLimit, TokenBucket

# The greatest integer of a structured field (RFC 9651).
_MAX_INTEGER = 999_999_999_999_999


class KeyRateLimiter:
    """Holds a token bucket for each key with a limit: the key's own limit, or else the given one.

    A request that needs more tokens than are left is accepted; later ones are refused until the bucket is refilled. So
    even the largest request is accepted at some time.
    """

    def __init__(self, limit: RateLimit | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._limit = limit
        self._clock = clock
        self._buckets: dict[str, tuple[RateLimit, TokenBucket]] = {}

    def check(self, key: Key) -> None:
        """Raises a 429, with the whole seconds to wait, if the key has no tokens left."""
        limit = self._limit if key.limit is None else key.limit
        if limit is None or limit.per_second == 0:
            return
        now = self._clock()
        bucket = self._bucket(key, limit, now)
        if bucket.level(now) <= 0:
            wait = _seconds_to_wait(bucket, now)
            detail = f"over {limit.per_second:g} events a second: nothing was taken, send it again later"
            raise Problem(429, "too_many_events", detail, headers={"retry-after": str(wait)})

    def charge(self, key: Key, events: int) -> None:
        limit = self._limit if key.limit is None else key.limit
        if limit is None or limit.per_second == 0:
            return
        now = self._clock()
        self._bucket(key, limit, now).take(events, now=now)

    def headers(self, key: Key) -> dict[str, str] | None:
        """The fields of draft-ietf-httpapi-ratelimit-headers for an answer to this key; None without a limit.

        `q` events may be sent at once, and `w` seconds refill them. `r` events are left. After `t` seconds all `q` are
        there again; if none is left, after `t` seconds the first one is.
        """
        limit = self._limit if key.limit is None else key.limit
        if limit is None or limit.per_second == 0:
            return None
        now = self._clock()
        bucket = self._bucket(key, limit, now)
        left = max(0, floor(bucket.level(now)))
        seconds = ceil(bucket.seconds_until(limit.burst, now=now)) if left else _seconds_to_wait(bucket, now)
        window = max(1, ceil(limit.burst / limit.per_second))
        return {
            "ratelimit-policy": f'"events";q={limit.burst};w={min(window, _MAX_INTEGER)}',
            "ratelimit": f'"events";r={left};t={min(seconds, _MAX_INTEGER)}',
        }

    def _bucket(self, key: Key, limit: RateLimit, now: float) -> TokenBucket:
        # Only valid keys come here, so the number of keys bounds the number of buckets.
        known = self._buckets.get(key.id)
        if known is not None and known[0] == limit:
            return known[1]
        bucket = TokenBucket(per_second=limit.per_second, burst=limit.burst, now=now)
        self._buckets[key.id] = limit, bucket
        return bucket


def _seconds_to_wait(bucket: TokenBucket, now: float) -> int:
    return max(1, ceil(bucket.seconds_until(0.0, now=now)))
