"""Who may use the console."""

import re
from collections.abc import Sequence
from datetime import datetime

from msgspec import Struct
from sqlalchemy import RowMapping, delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection

from console.access.roles import Act, Role
from console.languages.locale import Locale
from console.postgres.audit import ActOutcome, AuditEntry, write_entry
from console.postgres.schema import console_user, session, sign_in_link
from console.postgres.tables import ConsoleTables

COMMAND_LINE = "command line"
EMAIL = re.compile(r"[^@\s]{1,64}@[^@\s]{1,190}")
"""What is taken for an e-mail address."""


class EmailTaken(Exception):
    """There is somebody with this address already."""


class UnknownUser(Exception):
    """Nobody has this address."""


class LastAdministrator(Exception):
    """Without this person nobody who may sign in would be an administrator."""


class ConsoleUser(Struct, frozen=True):
    """A person who may sign in, unless they were disabled. `language` is None if they have chosen none."""

    user_id: int
    email: str
    name: str | None
    role: Role
    language: Locale | None
    disabled_at: datetime | None = None

    def owns(self, owner: str | None) -> bool:
        """Whether `owner`, an account's fact, is this person's address."""
        return owner is not None and owner.strip().lower() == self.email


class SeenUser(Struct, frozen=True):
    """`seen_at` is exact to a minute; None if no session of theirs is stored any more."""

    user: ConsoleUser
    seen_at: datetime | None


def user_from_row(row: RowMapping) -> ConsoleUser:
    language = None if row["language"] is None else Locale(row["language"])
    return ConsoleUser(row["user_id"], row["email"], row["name"], Role(row["role"]), language, row["disabled_at"])


class UserStore:
    """Changes are audited in their own transaction. Every method raises `DatabaseUnavailable`.

    `by` is who changes something, and `by_role` their role: None of the command line, which may change everything.
    """

    def __init__(self, tables: ConsoleTables) -> None:
        self._tables = tables

    async def create(
        self,
        email: str,
        *,
        role: Role,
        name: str | None = None,
        oidc_subject: str | None = None,
        by: str,
        by_role: Role | None = None,
    ) -> ConsoleUser:
        """Raises `EmailTaken`."""
        values = {"email": email.lower(), "role": role, "name": name, "oidc_subject": oidc_subject}
        entry = _managed(by, by_role, email, {"role": role, "change": "created"})
        try:
            async with self._tables.transaction() as connection:
                row = (await connection.execute(insert(console_user).values(values).returning(console_user))).mappings()
                made = user_from_row(row.one())
                await write_entry(connection, entry)
        except IntegrityError as error:
            raise EmailTaken(f"there is a user {email.lower()} already") from error
        return made

    async def find(self, email: str) -> ConsoleUser:
        """Raises `UnknownUser`."""
        query = select(console_user).where(console_user.c.email == email.lower())
        async with self._tables.transaction() as connection:
            row = (await connection.execute(query)).mappings().first()
        if row is None:
            raise UnknownUser(f"there is no user {email.lower()}")
        return user_from_row(row)

    async def list(self) -> Sequence[ConsoleUser]:
        """By address."""
        async with self._tables.transaction() as connection:
            rows = (await connection.execute(select(console_user).order_by(console_user.c.email))).mappings()
            return [user_from_row(row) for row in rows]

    async def seen(self) -> Sequence[SeenUser]:
        """Everybody by address, with when they were last seen."""
        last = select(func.max(session.c.seen_at)).where(session.c.user_id == console_user.c.user_id).scalar_subquery()
        query = select(console_user, last.label("seen_at")).order_by(console_user.c.email)
        async with self._tables.transaction() as connection:
            rows = (await connection.execute(query)).mappings()
            return [SeenUser(user_from_row(row), row["seen_at"]) for row in rows]

    async def change_role(self, email: str, role: Role, *, by: str, by_role: Role | None = None) -> None:
        """It counts from the next request on. Raises `UnknownUser`, and in the console `LastAdministrator`."""
        entry = _managed(by, by_role, email, {"role": role, "change": "role"})
        await self._change(email, {"role": role}, entry, leaves_admins=role is Role.ADMIN)

    async def disable(self, email: str, *, by: str, by_role: Role | None = None) -> None:
        """Ends their sessions and links, and refuses new sessions.

        Raises `UnknownUser`, and in the console `LastAdministrator`.
        """
        entry = _managed(by, by_role, email, {"change": "disabled"})
        await self._change(email, {"disabled_at": func.now()}, entry, ends_sessions=True, leaves_admins=False)

    async def enable(self, email: str, *, by: str, by_role: Role | None = None) -> None:
        """Raises `UnknownUser`."""
        await self._change(email, {"disabled_at": None}, _managed(by, by_role, email, {"change": "enabled"}))

    async def choose_language(self, user: ConsoleUser, language: Locale) -> None:
        chosen = update(console_user).where(console_user.c.user_id == user.user_id).values(language=language)
        details = {"language": language}
        entry = AuditEntry(
            who=user.email, role=user.role, act=Act.CHOOSE_LANGUAGE, outcome=ActOutcome.DONE, details=details
        )
        async with self._tables.transaction() as connection:
            await connection.execute(chosen)
            await write_entry(connection, entry)

    async def _change(
        self,
        email: str,
        values: dict[str, object],
        entry: AuditEntry,
        *,
        ends_sessions: bool = False,
        leaves_admins: bool = True,
    ) -> None:
        query = update(console_user).where(console_user.c.email == email.lower()).values(values)
        async with self._tables.transaction() as connection:
            if not leaves_admins and entry.role is not None:
                await _require_another_admin(connection, email.lower())
            user_id = (await connection.execute(query.returning(console_user.c.user_id))).scalar()
            if user_id is None:
                raise UnknownUser(f"there is no user {email.lower()}")
            if ends_sessions:
                await connection.execute(delete(session).where(session.c.user_id == user_id))
                # Else whoever has an old link would be let in once the person is enabled again.
                await connection.execute(delete(sign_in_link).where(sign_in_link.c.user_id == user_id))
            await write_entry(connection, entry)


async def _require_another_admin(connection: AsyncConnection, email: str) -> None:
    """Raises `LastAdministrator`. The rows are locked: two administrators may take each other's role at once."""
    columns = console_user.c
    admins = select(columns.email).where(columns.role == Role.ADMIN, columns.disabled_at.is_(None))
    found = set((await connection.execute(admins.order_by(columns.user_id).with_for_update())).scalars())
    if found == {email}:
        raise LastAdministrator(f"{email} is the last administrator who may sign in")


def _managed(by: str, by_role: Role | None, email: str, details: dict[str, object]) -> AuditEntry:
    return AuditEntry(
        who=by, role=by_role, act=Act.MANAGE_USERS, outcome=ActOutcome.DONE, subject=email.lower(), details=details
    )
