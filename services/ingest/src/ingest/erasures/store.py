"""The requests to erase accounts and people, in PostgreSQL."""

from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import msgspec
from sqlalchemy import delete, func, null, or_, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from common.database import connected
from common.exports.subject import ACCOUNT, USER, ExportSubject, mentions
from ingest.erasures.erasure import AnotherErasureKey, AskedErasure, StoredErasure
from ingest.schema import erasure, identity, reject

_COLUMNS = [erasure.c[name] for name in StoredErasure.__struct_fields__]
# Without it two processes with different keys could file at once, and neither would see the row of the other.
_LOCK: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('ingest erasure', 0))")

AccountRemoval = Callable[[AsyncConnection, str], Awaitable[Mapping[str, int]]]
"""Deletes the rows of an account from tables of another folder; returns how many rows, by kind."""


class ErasureStore:
    """`removals` are those of the other folders that store something of accounts: aliases, Stripe.

    Every method raises `DatabaseUnavailable` if PostgreSQL does not answer within `patience` seconds.
    """

    def __init__(self, engine: AsyncEngine, *, removals: Sequence[AccountRemoval] = (), patience: float = 10.0) -> None:
        self._engine = engine
        self._removals = removals
        self._patience = patience

    async def file(self, asked: AskedErasure) -> StoredErasure:
        """Stores the request. Returns the one in force for them: this one, or an earlier one.

        Raises `AnotherErasureKey` if a request of another key is in force, whoever it erases.
        """
        new = insert(erasure).values(msgspec.structs.asdict(asked))
        unless_in_force = new.on_conflict_do_nothing(
            index_elements=[erasure.c.pseudonym], index_where=erasure.c.lifted_at.is_(None)
        )
        async with self._begun() as connection:
            await connection.execute(_LOCK)
            await _check_key(connection, asked.fingerprint)
            await connection.execute(unless_in_force)
            query = select(*_COLUMNS).where(erasure.c.pseudonym == asked.pseudonym, erasure.c.lifted_at.is_(None))
            return _stored((await connection.execute(query)).one())

    async def find(self, erasure_id: str) -> StoredErasure | None:
        async with self._begun() as connection:
            query = select(*_COLUMNS).where(erasure.c.erasure_id == erasure_id)
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else _stored(row)

    async def in_force(self, *, most: int) -> Sequence[StoredErasure]:
        """Requests that are not lifted, the oldest first."""
        query = select(*_COLUMNS).where(erasure.c.lifted_at.is_(None)).order_by(erasure.c.filed_at).limit(most)
        async with self._begun() as connection:
            return [_stored(row) for row in await connection.execute(query)]

    async def newest(self, *, most: int, before: StoredErasure | None = None) -> Sequence[StoredErasure]:
        """All requests, or those that were filed before one of them; the newest first."""
        place = tuple_(erasure.c.filed_at, erasure.c.erasure_id)
        query = select(*_COLUMNS).order_by(erasure.c.filed_at.desc(), erasure.c.erasure_id.desc()).limit(most)
        if before is not None:
            query = query.where(place < (before.filed_at, before.erasure_id))
        async with self._begun() as connection:
            return [_stored(row) for row in await connection.execute(query)]

    async def announced(self, filed: StoredErasure) -> None:
        """Call it when Kafka has the record: deletes the id, and all rows of the account or person.

        Only the first call for a request does so.
        """
        this = erasure.c.erasure_id == filed.erasure_id
        done = update(erasure).where(this, erasure.c.announced_at.is_(None)).returning(erasure.c.erasure_id)
        gone = {"account_id": null(), "user_id": null()}
        async with self._begun() as connection:
            # A slow process may call this after the lift; rows that were written since then have to stay.
            if (await connection.execute(done.values(announced_at=func.now(), **gone))).first() is None:
                return
            removed = await self._remove(connection, filed)
            await connection.execute(update(erasure).where(this).values(removed=removed))

    async def delete_again(self, named: StoredErasure) -> None:
        """Deletes rows that were written since `announced`, and counts them, too. `named` has to have the id.

        Once the request was lifted it does nothing.
        """
        this = erasure.c.erasure_id == named.erasure_id
        query = select(erasure.c.removed).where(this, erasure.c.lifted_at.is_(None)).with_for_update()
        async with self._begun() as connection:
            if (in_force := (await connection.execute(query)).one_or_none()) is None:
                return
            removed = Counter(in_force.removed)
            removed.update(await self._remove(connection, named))
            await connection.execute(update(erasure).where(this).values(removed=dict(removed)))

    async def ask_to_lift(self, erasure_id: str, *, by: str) -> None:
        """Stores who asked and when; a second call changes nothing."""
        await self._set(
            erasure_id,
            lift_asked_at=func.coalesce(erasure.c.lift_asked_at, func.now()),
            lift_asked_by=func.coalesce(erasure.c.lift_asked_by, by),
        )

    async def lifted(self, erasure_id: str) -> None:
        """Call it when Kafka has the record of the lifting."""
        await self._set(erasure_id, lifted_at=func.coalesce(erasure.c.lifted_at, func.now()))

    async def _remove(self, connection: AsyncConnection, filed: StoredErasure) -> dict[str, int]:
        """Deletes the rows; returns how many, by kind. A reject names somebody only in its errors or its message id."""
        if filed.user_id is not None:
            return await _remove_user(connection, filed.user_id)
        if filed.account_id is None:
            return {}
        removed = await _remove_account(connection, filed.account_id)
        for removal in self._removals:
            removed |= await removal(connection, filed.account_id)
        return removed

    async def _set(self, erasure_id: str, **values: Any) -> None:
        async with self._begun() as connection:
            await connection.execute(update(erasure).where(erasure.c.erasure_id == erasure_id).values(values))

    @asynccontextmanager
    async def _begun(self) -> AsyncIterator[AsyncConnection]:
        async with (
            connected(self._engine, timeout=self._patience, service="ingest") as connection,
            connection.begin(),
        ):
            yield connection


async def _check_key(connection: AsyncConnection, fingerprint: str) -> None:
    """Raises `AnotherErasureKey`."""
    others = select(erasure.c.erasure_id).where(erasure.c.lifted_at.is_(None), erasure.c.fingerprint != fingerprint)
    if (await connection.execute(others.limit(1))).first() is not None:
        raise AnotherErasureKey


async def _remove_account(connection: AsyncConnection, account_id: str) -> dict[str, int]:
    identities = await connection.execute(delete(identity).where(identity.c.account_id == account_id))
    told = or_(reject.c.message_id == ACCOUNT, mentions(reject.c.errors, "account"))
    rejects = await connection.execute(delete(reject).where(told), ExportSubject(account_id).parameters())
    return {"identities": identities.rowcount, "rejects": rejects.rowcount}


async def _remove_user(connection: AsyncConnection, user_id: str) -> dict[str, int]:
    """In all sets of identities. No other table has users: Stripe's records name customers, which are accounts."""
    identities = await connection.execute(delete(identity).where(identity.c.id == user_id))
    told = or_(reject.c.message_id == USER, mentions(reject.c.errors, "user"))
    rejects = await connection.execute(delete(reject).where(told), ExportSubject("", user_id).parameters())
    return {"identities": identities.rowcount, "rejects": rejects.rowcount}


def _stored(row: Any) -> StoredErasure:
    return StoredErasure(**row._mapping)
