"""Sessions: one for each browser that is signed in."""

from datetime import timedelta

from msgspec import Struct
from sqlalchemy import ColumnElement, and_, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from console.access.roles import Act
from console.access.tokens import digest, new_token
from console.postgres.audit import ActOutcome, AuditEntry, write_entry
from console.postgres.links import valid_link
from console.postgres.schema import console_user, session, sign_in_link
from console.postgres.tables import ConsoleTables
from console.postgres.users import ConsoleUser, user_from_row

# `seen_at` is exact to this: a person who reads pages does not write a row for each.
_SEEN_EVERY = timedelta(minutes=1)
# Used and expired links, and sessions that are over, stay for so long before they are deleted.
_KEPT = timedelta(days=1)


class SessionLimits(Struct, frozen=True):
    """A session is over after so long without a request, and after so long in any case."""

    idle: timedelta
    absolute: timedelta


class SessionStore:
    """Every method raises `DatabaseUnavailable`."""

    def __init__(self, tables: ConsoleTables, limits: SessionLimits) -> None:
        self._tables = tables
        self._limits = limits

    async def user_of(self, token: str) -> ConsoleUser | None:
        """Who is signed in with this token, if its session is not over; notes that it was used."""
        found = (
            select(console_user, (session.c.seen_at < func.now() - _SEEN_EVERY).label("stale"))
            .join(session, session.c.user_id == console_user.c.user_id)
            .where(session.c.token_sha256 == digest(token), self._valid(), console_user.c.disabled_at.is_(None))
        )
        seen = update(session).where(session.c.token_sha256 == digest(token)).values(seen_at=func.now())
        async with self._tables.transaction() as connection:
            row = (await connection.execute(found)).mappings().first()
            if row is not None and row["stale"]:
                await connection.execute(seen)
        return None if row is None else user_from_row(row)

    async def begin(self, user: ConsoleUser, *, replacing: str | None, way: str) -> str:
        """The token of a new session. The one that the browser had before ends."""
        async with self._tables.transaction() as connection:
            return await self._begin(connection, user, replacing=replacing, way=way)

    async def end(self, token: str, user: ConsoleUser) -> None:
        entry = AuditEntry(who=user.email, role=user.role, act=Act.SIGN_OUT, outcome=ActOutcome.DONE)
        async with self._tables.transaction() as connection:
            await connection.execute(delete(session).where(session.c.token_sha256 == digest(token)))
            await write_entry(connection, entry)

    async def use_link(self, token: str, *, replacing: str | None) -> str | None:
        """The token of a new session; None if the link was used, is too old or never was."""
        used = (
            update(sign_in_link)
            .where(valid_link(token))
            .values(used_at=func.now())
            .returning(sign_in_link.c.user_id)
            .cte("used")
        )
        person = select(console_user).join(used, used.c.user_id == console_user.c.user_id)
        async with self._tables.transaction() as connection:
            row = (await connection.execute(person)).mappings().first()
            if row is None or row["disabled_at"] is not None:
                return None
            return await self._begin(connection, user_from_row(row), replacing=replacing, way="link")

    async def _begin(self, connection: AsyncConnection, user: ConsoleUser, *, replacing: str | None, way: str) -> str:
        token = new_token()
        if replacing is not None:
            await connection.execute(delete(session).where(session.c.token_sha256 == digest(replacing)))
        await connection.execute(insert(session).values(token_sha256=digest(token), user_id=user.user_id))
        await connection.execute(
            delete(session).where(
                session.c.seen_at < func.now() - max(self._limits.idle, self._limits.absolute) - _KEPT
            )
        )
        await connection.execute(delete(sign_in_link).where(sign_in_link.c.expires_at < func.now() - _KEPT))
        entry = AuditEntry(
            who=user.email, role=user.role, act=Act.SIGN_IN, outcome=ActOutcome.DONE, details={"way": way}
        )
        await write_entry(connection, entry)
        return token

    def _valid(self) -> ColumnElement[bool]:
        return and_(
            session.c.seen_at > func.now() - self._limits.idle,
            session.c.created_at > func.now() - self._limits.absolute,
        )
