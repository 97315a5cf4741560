"""Who is calling: a Bearer key that may write, and has not sent more than its share."""

import time
from collections.abc import Callable
from typing import Protocol

from common.keys import Key, KeysUnavailable, Scope
from common.problems import Problem
from ingest.bucket import Bucket, Rate


class Verifier(Protocol):
    async def verify(self, token: str) -> Key | None:
        """Raises `KeysUnavailable`."""


async def writer(authorization: str | None, keys: Verifier) -> Key:
    """The key of an Authorization header. Raises the `Problem` to be answered: 401, 403 or 503."""
    scheme, _, token = (authorization or "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise _unauthorized("no_key", "send Authorization: Bearer KEY", challenge="Bearer")
    try:
        key = await keys.verify(token.strip())
    except KeysUnavailable as error:
        detail = "keys cannot be checked now: nothing was taken, send it again"
        raise Problem(503, "keys_unavailable", detail, headers={"retry-after": "5"}) from error
    if key is None:
        challenge = 'Bearer error="invalid_token"'
        raise _unauthorized("bad_key", "no active key reads like this", challenge=challenge)
    if Scope.WRITE not in key.scopes:
        raise Problem(403, "scope_missing", f"key {key.id} has not the scope write")
    return key


def _unauthorized(code: str, detail: str, *, challenge: str) -> Problem:
    return Problem(401, code, detail, headers={"www-authenticate": challenge})


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
