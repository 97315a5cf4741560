"""A cache of a service's API keys, which goes on serving while PostgreSQL is away.

All active keys are read at once, for one company has tens of them. So an unknown key costs no memory, and a client
that invents keys causes at most one read a second.
"""

import asyncio
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from typing import Protocol

import structlog
from msgspec import Struct, field

from common.key_tokens import split_token
from common.keys import Key, KeysUnavailable, StoredKey
from common.stopping import stopped_within

_log = structlog.get_logger()
_READ_TIMEOUT = 5.0


class ActiveKeys(Protocol):
    async def active(self) -> Mapping[str, StoredKey]:
        """Every key that is neither revoked nor expired, by id. Raises `KeysUnavailable`."""


class _Snapshot(Struct, frozen=True):
    """`verified` are the tokens found valid, by their SHA-256: at most one for each key."""

    keys: Mapping[str, StoredKey]
    taken: float
    verified: dict[bytes, Key] = field(default_factory=dict)


class Keyring:
    """Finds the key of a token.

    A revocation takes effect after at most `ttl` seconds, a new key works after at most `miss_ttl`. While the keys
    cannot be read, the cached ones stay valid, and the cache reads again every `retry` seconds. A known expiry takes
    effect at its moment by `now`, whether or not the keys can be read. `used` collects the ids of keys found valid.
    """

    def __init__(
        self,
        store: ActiveKeys,
        *,
        ttl: float = 30.0,
        miss_ttl: float = 1.0,
        retry: float = 1.0,
        used: set[str] | None = None,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._store = store
        self._ttl = ttl
        self._miss_ttl = miss_ttl
        self._retry = retry
        self._used: set[str] = set() if used is None else used
        self._clock = clock
        self._now = now
        self._snapshot: _Snapshot | None = None
        self._failed_at: float | None = None
        self._failure = ""
        self._reading: asyncio.Task[None] | None = None

    def not_ready_reason(self) -> str | None:
        """For readiness: not ready only until the keys were read for the first time."""
        if self._snapshot:
            return None
        return f"the keys were not read yet{self._failure and f': {self._failure}'}"

    @property
    def age(self) -> float:
        """Seconds since the keys were read; infinite before the first time."""
        return self._clock() - self._snapshot.taken if self._snapshot else float("inf")

    def __len__(self) -> int:
        return len(self._snapshot.keys) if self._snapshot else 0

    async def verify(self, token: str) -> Key | None:
        """The key, or None if no active key has this token. Raises `KeysUnavailable` if the keys cannot be read."""
        # A verified token costs one hash and one lookup. The cache is emptied with each read of the keys.
        digest = sha256(token.encode()).digest()
        if self._snapshot is not None and self.age < self._ttl and (known := self._snapshot.verified.get(digest)):
            return self._unless_expired(known)
        parts = split_token(token)
        if parts is None:
            return None
        key_id, secret = parts
        stored = await self._find(key_id)
        if stored is None or not stored.has_secret(secret):
            return None
        if self._snapshot is not None:
            self._snapshot.verified[digest] = stored.key
        return self._unless_expired(stored.key)

    def _unless_expired(self, key: Key) -> Key | None:
        if key.expires_at is not None and key.expires_at <= self._now():
            return None
        self._used.add(key.id)
        return key

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Reads the keys at half their time to live, and more often while that fails."""
        while not stop.is_set():
            with suppress(KeysUnavailable):
                await self._read()
            pause = self._retry if self._failed_at is not None else self._ttl / 2
            await stopped_within(pause, stop)

    async def _find(self, key_id: str) -> StoredKey | None:
        known = self._lookup(key_id)
        if known is not None:
            # After a failed read no request waits for PostgreSQL: `keep_fresh` notices when it is back.
            if self.age >= self._ttl and self._failed_at is None:
                with suppress(KeysUnavailable):
                    await self._read()
            return self._lookup(key_id)
        # The key may be newer than the snapshot, so the keys are read again, but not for every request.
        if self.age >= self._miss_ttl:
            await self._read_for_unknown_key()
        return self._lookup(key_id)

    def _lookup(self, key_id: str) -> StoredKey | None:
        return self._snapshot.keys.get(key_id) if self._snapshot else None

    async def _read_for_unknown_key(self) -> None:
        if self._failed_at is not None and self._clock() - self._failed_at < self._retry:
            raise KeysUnavailable("the keys could not be read a moment ago")
        await self._read()

    async def _read(self) -> None:
        """All callers share one read at a time; it goes on when one of them is cancelled."""
        if self._reading is None or self._reading.done():
            self._reading = asyncio.create_task(self._read_once())
        await asyncio.shield(self._reading)

    async def _read_once(self) -> None:
        # The snapshot is as old as the start of the read: a key may be revoked while it runs.
        asked = self._clock()
        try:
            async with asyncio.timeout(_READ_TIMEOUT):
                keys = await self._store.active()
        except (KeysUnavailable, TimeoutError) as error:
            self._failure = str(error) or "no answer in time"
            if self._failed_at is None:
                _log.warning("keys.unreadable", error=self._failure, known=len(self))
            self._failed_at = self._clock()
            raise KeysUnavailable("the keys cannot be read") from error
        if self._failed_at is not None:
            _log.info("keys.readable", known=len(keys))
        self._failed_at = None
        self._snapshot = _Snapshot(keys=keys, taken=asked)
