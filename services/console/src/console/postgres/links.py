"""Links that sign one person in, once."""

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func, insert, select

from console.access.roles import Act, Role
from console.access.tokens import digest, new_token
from console.postgres.audit import ActOutcome, AuditEntry, write_entry
from console.postgres.schema import sign_in_link
from console.postgres.tables import ConsoleTables
from console.postgres.users import ConsoleUser


class SignInLinks:
    """Every method raises `DatabaseUnavailable`."""

    def __init__(self, tables: ConsoleTables) -> None:
        self._tables = tables

    async def create(self, user: ConsoleUser, *, valid: timedelta, by: str, by_role: Role | None = None) -> str:
        """The token of a new link."""
        token = new_token()
        row = {"token_sha256": digest(token), "user_id": user.user_id, "expires_at": func.now() + valid}
        entry = AuditEntry(
            who=by,
            role=by_role,
            act=Act.MANAGE_USERS,
            outcome=ActOutcome.DONE,
            subject=user.email,
            details={"change": "sign-in link"},
        )
        async with self._tables.transaction() as connection:
            await connection.execute(insert(sign_in_link).values(row))
            await write_entry(connection, entry)
        return token

    async def is_valid(self, token: str) -> bool:
        """Looks, and does not use it."""
        query = select(sign_in_link.c.user_id).where(valid_link(token))
        async with self._tables.transaction() as connection:
            return (await connection.execute(query)).first() is not None


def valid_link(token: str) -> ColumnElement[bool]:
    return and_(
        sign_in_link.c.token_sha256 == digest(token),
        sign_in_link.c.used_at.is_(None),
        sign_in_link.c.expires_at > func.now(),
    )
