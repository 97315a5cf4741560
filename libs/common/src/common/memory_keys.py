"""API keys in memory instead of PostgreSQL, for tests, with an outage on request."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime

from common.key_tokens import new_token, secret_digest
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
        token = new_token()
        key = Key(token.id, source, scopes, datetime.now(UTC), expires_at=expires_at, limit=limit)
        self._keys[key.id] = StoredKey(key=key, secret_sha256=secret_digest(token.secret))
        return token.text

    def revoke(self, token: str) -> None:
        del self._keys[token.split("_")[1]]

    async def active(self) -> Mapping[str, StoredKey]:
        self.count += 1
        self.reads.put_nowait(self.count)
        if self.away:
            raise KeysUnavailable("away")
        return dict(self._keys)
