"""The audit table: who did what and when. Rows are only ever added."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from console.access.roles import Act, Role
from console.postgres.schema import audit
from console.postgres.tables import ConsoleTables


class ActOutcome(StrEnum):
    """An act on another service has two rows: `asked` before it is asked, and what it answered."""

    DONE = "done"
    ASKED = "asked"
    REFUSED = "refused"
    FAILED = "failed"


class AuditEntry(Struct, frozen=True, kw_only=True):
    """`who` is an e-mail address, or `command line`, which has no role."""

    who: str
    role: Role | None
    act: Act
    outcome: ActOutcome
    subject: str | None = None
    details: dict[str, Any] = field(default_factory=dict)


class AuditRow(Struct, frozen=True):
    seq: int
    at: datetime
    who: str
    role: str | None
    act: str
    subject: str | None
    outcome: str
    details: dict[str, Any]


async def write_entry(connection: AsyncConnection, entry: AuditEntry) -> int:
    """In the transaction of what it is about. Returns the number of the row."""
    values = {name: getattr(entry, name) for name in AuditEntry.__struct_fields__}
    return int((await connection.execute(insert(audit).values(values).returning(audit.c.seq))).scalar_one())


class AuditTrail:
    def __init__(self, tables: ConsoleTables) -> None:
        self._tables = tables

    async def record(self, entry: AuditEntry) -> int:
        """The number of the row. Raises `DatabaseUnavailable`: then the act must not be done."""
        async with self._tables.transaction() as connection:
            return await write_entry(connection, entry)

    async def row(self, seq: int, *, who: str, act: Act) -> AuditRow | None:
        """The row with this number, if it is of this person and act."""
        query = select(audit).where(audit.c.seq == seq, audit.c.who == who, audit.c.act == act)
        async with self._tables.transaction() as connection:
            found = (await connection.execute(query)).first()
        return None if found is None else AuditRow(*found)

    async def newest(self, *, before: int | None, limit: int) -> list[AuditRow]:
        """The newest first, older than the row with number `before`."""
        query = select(audit).order_by(audit.c.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(audit.c.seq < before)
        async with self._tables.transaction() as connection:
            rows = (await connection.execute(query)).all()
        return [AuditRow(*row) for row in rows]
