"""API keys, as PostgreSQL stores them: each has a source and scopes."""

import hmac
import re
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from msgspec import Struct
from msgspec.structs import replace
from sqlalchemy import ColumnElement, MetaData, RowMapping, Text, and_, bindparam, func, insert, or_, select, update
from sqlalchemy.dialects.postgresql import ARRAY, TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database_errors import DATABASE_ERRORS, error_text
from common.key_table import api_key
from common.key_tokens import IssuedKey, new_token, secret_digest
from common.token_bucket import RateLimit

SOURCE_NAME = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}", re.ASCII)
"""What a source may be called."""
MOST_BURST = 1_000_000_000


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


class AskingKeyEnded(Exception):
    """The key that asks for a change was revoked or has expired: answer 401."""


class Key(Struct, frozen=True):
    """`last_used_at` is right to a minute or two, for uses are written once a minute. A `limit` is the key's own, in
    place of the service's setting; one of 0 events a second is no limit.
    """

    id: str
    source: str
    scopes: frozenset[Scope]
    created_at: datetime
    revoked_at: datetime | None = None
    expires_at: datetime | None = None
    last_used_at: datetime | None = None
    limit: RateLimit | None = None

    def may(self, scope: Scope) -> bool:
        """Whether this key has the scope, or one that includes it."""
        return not ACCEPTED[scope].isdisjoint(self.scopes)


class StoredKey(Struct, frozen=True):
    key: Key
    secret_sha256: bytes

    def has_secret(self, secret: str) -> bool:
        """Compared in constant time."""
        return hmac.compare_digest(self.secret_sha256, secret_digest(secret))


class KeyStore:
    """The keys of one service, in its own schema.

    `by` is the id of the key that asks for a change. It cannot end between the check that it is active and the change:
    who revokes or rotates it waits for that transaction, or is waited for. Raises `AskingKeyEnded`.
    """

    def __init__(self, engine: AsyncEngine, *, schema: str) -> None:
        self._engine = engine
        self._table = api_key(MetaData(schema=schema))

    async def create(
        self,
        *,
        source: str,
        scopes: frozenset[Scope],
        expires_after: timedelta | None = None,
        limit: RateLimit | None = None,
    ) -> str:
        """The token, which cannot be shown again: only a digest of it is stored."""
        return (await self.make(source=source, scopes=scopes, lifetime=expires_after, limit=limit)).token

    async def make(
        self,
        *,
        source: str,
        scopes: frozenset[Scope],
        lifetime: timedelta | None = None,
        limit: RateLimit | None = None,
        by: str | None = None,
    ) -> IssuedKey:
        """As `create`, for a key that asks."""
        row = {
            "source": source,
            "scopes": [scope.value for scope in sorted(scopes)],
            "events_per_second": limit and limit.per_second,
            "burst_events": (limit and limit.burst) or None,
            "lifetime": lifetime,
        }
        async with self._engine.begin() as connection:
            await self._hold(connection, by)
            return await self._insert(connection, row)

    async def rotate(
        self, key_id: str, *, overlap: timedelta, lifetime: timedelta | None = None, by: str | None = None
    ) -> IssuedKey | None:
        """A new key like this one, which ends after the overlap. None if no active key has the id.

        A key that would end earlier still does. `lifetime` is of the new key; without it the old one's counts anew.
        """
        columns = self._table.c
        ending = (
            update(self._table)
            .where(columns.id == key_id, self._active())
            # LEAST passes over null.
            .values(expires_at=func.least(columns.expires_at, func.now() + overlap))
            .returning(self._table)
        )
        async with self._engine.begin() as connection:
            await self._hold(connection, by, key_id)
            old = (await connection.execute(ending)).mappings().first()
            if old is None:
                return None
            row = {name: old[name] for name in ("source", "scopes", "events_per_second", "burst_events", "lifetime")}
            made = await self._insert(connection, row if lifetime is None else {**row, "lifetime": lifetime})
            return replace(made, replaced_until=old["expires_at"])

    async def _hold(self, connection: AsyncConnection, by: str | None, *others: str) -> None:
        """Locks the rows until the end of the transaction. Raises `AskingKeyEnded`."""
        if by is None:
            return
        columns = self._table.c
        rows = select(columns.id).where(columns.id.in_({by, *others}))
        # In one order everywhere: two keys that rotate each other would wait for one another.
        await connection.execute(rows.order_by(columns.id).with_for_update(key_share=True))
        # By a statement of its own, which sees what the transaction that was waited for has written.
        if (await connection.execute(rows.where(columns.id == by, self._active()))).first() is None:
            raise AskingKeyEnded(by)

    async def _insert(self, connection: AsyncConnection, row: Mapping[str, Any]) -> IssuedKey:
        made = new_token()
        expires_at = None if row["lifetime"] is None else func.now() + row["lifetime"]
        values = {**row, "id": made.id, "secret_sha256": secret_digest(made.secret), "expires_at": expires_at}
        query = insert(self._table).values(values).returning(self._table.c.expires_at)
        return IssuedKey(made.text, (await connection.execute(query)).scalar_one())

    async def list(self) -> Sequence[Key]:
        """All keys, revoked ones included, oldest first."""
        query = select(self._table).order_by(self._table.c.created_at, self._table.c.id)
        async with self._engine.connect() as connection:
            return [_stored(row).key for row in (await connection.execute(query)).mappings()]

    async def find(self, key_id: str) -> Key | None:
        """One key, revoked or not."""
        query = select(self._table).where(self._table.c.id == key_id)
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).mappings().first()
        return None if row is None else _stored(row).key

    async def revoke(self, key_id: str, *, by: str | None = None) -> bool:
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
            await self._hold(connection, by, key_id)
            return (await connection.execute(query)).first() is not None

    async def active(self) -> Mapping[str, StoredKey]:
        """Every key that is neither revoked nor expired, by id. Raises `KeysUnavailable`."""
        query = select(self._table).where(self._active())
        try:
            async with self._engine.connect() as connection:
                rows = (await connection.execute(query)).mappings().all()
        except DATABASE_ERRORS as error:
            raise KeysUnavailable(error_text(error)) from error
        return {row["id"]: _stored(row) for row in rows}

    async def note_used(self, used: Mapping[str, datetime]) -> None:
        """Writes when keys were last used, in one statement. Raises `KeysUnavailable`."""
        columns = self._table.c
        ids = bindparam("ids", list(used), ARRAY(Text))
        moments = bindparam("moments", list(used.values()), ARRAY(TIMESTAMP(timezone=True)))
        pairs = func.unnest(ids, moments).table_valued("id", "at").render_derived()
        # Several processes write the uses of one key; the latest stays.
        query = (
            update(self._table)
            .where(columns.id == pairs.c.id, or_(columns.last_used_at.is_(None), columns.last_used_at < pairs.c.at))
            .values(last_used_at=pairs.c.at)
        )
        try:
            async with self._engine.begin() as connection:
                # In the order in which a key that asks is locked.
                locked = select(columns.id).where(columns.id == func.any(ids)).order_by(columns.id)
                await connection.execute(locked.with_for_update(key_share=True))
                await connection.execute(query)
        except DATABASE_ERRORS as error:
            raise KeysUnavailable(error_text(error)) from error

    def _active(self) -> ColumnElement[bool]:
        columns = self._table.c
        # Not now(), when the transaction began: it may have waited for the one that ended the key.
        unexpired = or_(columns.expires_at.is_(None), columns.expires_at > func.clock_timestamp())
        return and_(columns.revoked_at.is_(None), unexpired)


def _stored(row: RowMapping) -> StoredKey:
    key = Key(
        id=row["id"],
        source=row["source"],
        # A newer release may have made a key with a scope that this one does not know, and so asks for nowhere.
        scopes=frozenset(Scope(name) for name in row["scopes"] if name in _NAMES),
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        expires_at=row["expires_at"],
        last_used_at=row["last_used_at"],
        limit=None
        if row["events_per_second"] is None
        else RateLimit(row["events_per_second"], row["burst_events"] or 0),
    )
    return StoredKey(key=key, secret_sha256=row["secret_sha256"])
