"""Who of the console an identity of the provider is."""

from typing import Any

from sqlalchemy import insert, or_, select, update
from sqlalchemy.sql.dml import ReturningInsert, ReturningUpdate

from console.access.identity import Identity
from console.access.roles import Act
from console.errors import SignInFailed
from console.postgres.audit import ActOutcome, AuditEntry, write_entry
from console.postgres.schema import console_user
from console.postgres.tables import ConsoleTables
from console.postgres.users import ConsoleUser, user_from_row

PROVIDER = "identity provider"


class ProviderIdentities:
    def __init__(self, tables: ConsoleTables) -> None:
        self._tables = tables

    async def user_of(self, identity: Identity) -> ConsoleUser:
        """By the subject, or the first time by the address. With a role from the provider, people are made and changed.

        Raises `SignInFailed` for somebody unknown or disabled, and for an address that belongs to another subject.
        """
        columns = console_user.c
        found = select(console_user).where(
            or_(columns.oidc_subject == identity.subject, columns.email == identity.email)
        )
        async with self._tables.transaction() as connection:
            rows = (await connection.execute(found.with_for_update())).mappings().all()
            mine = [row for row in rows if row["oidc_subject"] == identity.subject] or rows
            values: dict[str, object] = {"oidc_subject": identity.subject}
            values |= {} if identity.name is None else {"name": identity.name}
            values |= {} if identity.role is None else {"role": identity.role}
            if mine:
                _require_same_person(mine[0]["oidc_subject"], mine[0]["disabled_at"] is not None, identity)
                changed = update(console_user).where(columns.user_id == mine[0]["user_id"]).values(values)
                query: ReturningInsert[Any] | ReturningUpdate[Any] = changed.returning(console_user)
            elif identity.role is not None:
                query = insert(console_user).values(email=identity.email, **values).returning(console_user)
            else:
                raise SignInFailed(f"there is no user {identity.email}")
            user = user_from_row((await connection.execute(query)).mappings().one())
            if not mine or mine[0]["role"] != user.role:
                details = {"role": user.role, "change": "role" if mine else "created"}
                entry = AuditEntry(
                    who=PROVIDER,
                    role=None,
                    act=Act.MANAGE_USERS,
                    outcome=ActOutcome.DONE,
                    subject=user.email,
                    details=details,
                )
                await write_entry(connection, entry)
        return user


def _require_same_person(subject: str | None, disabled: bool, identity: Identity) -> None:
    if subject not in (None, identity.subject):
        raise SignInFailed(f"{identity.email} is the address of another subject")
    if disabled:
        raise SignInFailed(f"{identity.email} is disabled")
