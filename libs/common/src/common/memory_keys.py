"""API keys in memory instead of PostgreSQL, for tests, with an outage on request."""

import asyncio
import secrets
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256

from common.keys import Key, KeysUnavailable, Scope, StoredKey
from common.token_bucket import RateLimit


class MemoryKeys:
    """`away` simulates an outage. `reads` receives the number (from 1) of every read, failed ones included."""

    def __init__(self) -> None:
        self.away = False
        self.reads: asyncio.Queue[int] = asyncio.Queue()
        self.count = 0
        self._keys: dict[str, StoredKey] = {}

    def create(
        self,
        *,
        source: str = "web",
        scopes: frozenset[Scope] = frozenset({Scope.WRITE}),
        expires_at: datetime | None = None,
        limit: RateLimit | None = None,
    ) -> str:
        key = Key(secrets.token_hex(6), source, scopes, datetime.now(UTC), expires_at=expires_at, limit=limit)
        secret = secrets.token_urlsafe(32)
        self._keys[key.id] = StoredKey(key=key, secret_sha256=sha256(secret.encode()).digest())
        return f"cs_{key.id}_{secret}"

    def revoke(self, token: str) -> None:
        del self._keys[token.split("_")[1]]

    async def active(self) -> Mapping[str, StoredKey]:
        self.count += 1
        self.reads.put_nowait(self.count)
        if self.away:
            raise KeysUnavailable("away")
        return dict(self._keys)
