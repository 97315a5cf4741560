"""API keys, as PostgreSQL stores them: each has a source and scopes.

A token is `cs_<id>_<secret>`. The id finds the key and is public: lists and logs show it. Only the SHA-256 of the
secret is stored. Digests are compared in constant time, so the time of an answer tells at most that an id exists.
"""

import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

from msgspec import Struct
from sqlalchemy import MetaData, RowMapping, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database_errors import DATABASE_ERRORS, error_text
from common.key_table import api_key

_TOKEN = re.compile(r"cs_([0-9a-f]{12})_([A-Za-z0-9_-]{43})", re.ASCII)


class Scope(StrEnum):
    """What a key may do. A route asks for one scope; `ACCEPTED` says which scopes of a key are good for it."""

    READ = "read"
    # Events and webhooks; alerts asks for it where somebody acknowledges.
    WRITE = "write"
    EVENTS = "events"
    WEBHOOKS = "webhooks"
    # What concerns everybody or cannot be taken back: announcements, deletion.
    ADMIN = "admin"


_INCLUDES: Mapping[Scope, frozenset[Scope]] = {Scope.WRITE: frozenset({Scope.EVENTS, Scope.WEBHOOKS})}

ACCEPTED: Mapping[Scope, frozenset[Scope]] = {
    asked: frozenset(scope for scope in Scope if scope is asked or asked in _INCLUDES.get(scope, ())) for asked in Scope
}
"""By the scope that is asked for: the scopes of a key that are good for it."""

_NAMES = frozenset(Scope)


class KeysUnavailable(Exception):
    """The keys cannot be read, so no key can be called invalid: answer 503, never 401."""


class Key(Struct, frozen=True):
    id: str
    source: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None = None

    def may(self, scope: Scope) -> bool:
        """Whether this key has the scope, or one that includes it."""
        return not ACCEPTED[scope].isdisjoint(self.scopes)


class StoredKey(Struct, frozen=True):
    key: Key
    secret_sha256: bytes

    def has_secret(self, secret: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(self.secret_sha256, _digest(secret))


def split_token(token: str) -> tuple[str, str] | None:
    """The id and the secret, or None if the text is not in the form of a token."""
    match = _TOKEN.fullmatch(token)
    return (match[1], match[2]) if match else None


class KeyStore:
    """The keys of one service, in its own schema."""

    def __init__(self, engine: AsyncEngine, *, schema: str) -> None:
        self._engine = engine
        self._table = api_key(MetaData(schema=schema))

    async def create(self, *, source: str, scopes: frozenset[Scope]) -> str:
        """The token, which cannot be shown again: only a digest of it is stored."""
        key_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        row = {
            "id": key_id,
            "secret_sha256": _digest(secret),
            "source": source,
            "scopes": [scope.value for scope in sorted(scopes)],
        }
        async with self._engine.begin() as connection:
            await connection.execute(insert(self._table).values(row))
        return f"cs_{key_id}_{secret}"

    async def list(self) -> Sequence[Key]:
        """All keys, revoked ones included, oldest first."""
        query = select(self._table).order_by(self._table.c.created_at, self._table.c.id)
        async with self._engine.connect() as connection:
            return [_stored(row).key for row in (await connection.execute(query)).mappings()]

    async def revoke(self, key_id: str) -> bool:
        """False if no active key has this id."""
        columns = self._table.c
        query = (
            update(self._table)
            # A second revocation must not move the time of the first.
            .where(columns.id == key_id, columns.revoked_at.is_(None))
            .values(revoked_at=func.now())
            .returning(columns.id)
        )
        async with self._engine.begin() as connection:
            return (await connection.execute(query)).first() is not None

    async def active(self) -> Mapping[str, StoredKey]:
        """Every key that is not revoked, by id. Raises `KeysUnavailable`."""
        query = select(self._table).where(self._table.c.revoked_at.is_(None))
        try:
            async with self._engine.connect() as connection:
                rows = (await connection.execute(query)).mappings().all()
        except DATABASE_ERRORS as error:
            raise KeysUnavailable(error_text(error)) from error
        return {row["id"]: _stored(row) for row in rows}


def _digest(secret: str) -> bytes:
    # A slow password hash is for guessable secrets; this one has 256 random bits.
    return sha256(secret.encode()).digest()


def _stored(row: RowMapping) -> StoredKey:
    key = Key(
        id=row["id"],
        source=row["source"],
        # A newer release may have made a key with a scope that this one does not know, and so asks for nowhere.
        scopes=frozenset(Scope(name) for name in row["scopes"] if name in _NAMES),
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
    )
    return StoredKey(key=key, secret_sha256=row["secret_sha256"])
