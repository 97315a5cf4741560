"""Whether a key has sent more than its share."""

import time
from collections.abc import Callable

from common.keys import Key
from common.problems import Problem
from ingest.bucket import Bucket, Rate


class Limiter:
    """A bucket for each key. Without a rate everything passes."""

    def __init__(self, rate: Rate | None, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate = rate
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def check(self, key: Key) -> None:
        """Raises a 429 with the seconds to wait."""
        if self._rate is None:
            return
        bucket = self._buckets.get(key.id)
        wait = bucket.wait(now=self._clock()) if bucket else 0
        if wait:
            detail = f"over {self._rate.per_second:g} events a second: nothing was taken, send it again later"
            raise Problem(429, "too_many_events", detail, headers={"retry-after": str(wait)})

    def charge(self, key: Key, events: int) -> None:
        if self._rate is None:
            return
        now = self._clock()
        if key.id not in self._buckets:
            self._buckets[key.id] = Bucket(self._rate, now=now)
        self._buckets[key.id].charge(events, now=now)
