"""Exports all that one service keeps of an account, or of one of its people, as a streamed JSON document.

The service reads each page of rows in a transaction of its own, so pages may be of different moments.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from typing import Any, Protocol

import msgspec
import structlog
from msgspec import Struct
from sqlalchemy import Select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import connected
from common.database_errors import DatabaseUnavailable
from common.erasures.erasure_key import ErasureKey
from common.exports.subject import ExportSubject
from common.problems import Problem, database_unavailable

_log = structlog.get_logger()
Rows = Sequence[Any]


class ExportSection(Protocol):
    """A part of the document. `about_users`: it belongs into the export of one person, too."""

    @property
    def name(self) -> str: ...

    @property
    def about_users(self) -> bool: ...

    def pages(self, subject: ExportSubject) -> AsyncIterator[Rows]:
        """Pages of rows that msgspec can encode; no page is empty. Raises `DatabaseUnavailable`."""


class ExportLookup(Protocol):
    async def erased_by(self, pseudonym: bytes) -> str | None:
        """The id of the erasure in force, or None. Raises `DatabaseUnavailable`."""

    async def merged_into(self, subject: ExportSubject) -> str | None:
        """The account that a merged one goes on as, or None. Raises `DatabaseUnavailable`."""


class ExportHead(Struct, frozen=True):
    """The fields of the document before its sections."""

    service: str
    account_id: str
    user_id: str | None
    as_of: datetime
    merged_into: str | None


class PostgresExportLookup:
    """`erasures` is the table of erasures; `merged` selects the account that this one goes on as."""

    def __init__(
        self, engine: AsyncEngine, *, service: str, erasures: str, merged: Select[Any], patience: float
    ) -> None:
        self._engine = engine
        self._service = service
        self._patience = patience
        self._merged = merged
        self._erased = text(f"""
            SELECT erasure_id FROM {service}.{erasures} WHERE pseudonym = :pseudonym AND lifted_at IS NULL LIMIT 1""")

    async def erased_by(self, pseudonym: bytes) -> str | None:
        return await self._one(self._erased, {"pseudonym": pseudonym})

    async def merged_into(self, subject: ExportSubject) -> str | None:
        return await self._one(self._merged, subject.parameters())

    async def _one(self, query: Any, parameters: Mapping[str, Any]) -> str | None:
        async with connected(self._engine, timeout=self._patience, service=self._service) as connection:
            found: str | None = (await connection.execute(query, parameters)).scalars().first()
            return found


class AccountExports:
    """The exports of one service. `lookup` is None in a process that stores nothing."""

    def __init__(
        self,
        service: str,
        sections: Sequence[ExportSection],
        *,
        lookup: ExportLookup | None,
        key: ErasureKey | None,
        now: Callable[[], datetime],
    ) -> None:
        self._service = service
        self._sections = sections
        self._lookup = lookup
        self._key = key
        self._now = now

    async def open(self, account_id: str, user_id: str | None) -> AsyncIterator[bytes]:
        """The document in pieces. Raises a `Problem`: 404 if nothing is known, 410 if erased, 503 without a database.

        If PostgreSQL goes away later, the iterator raises, and the document has no end: it is not valid JSON.
        """
        pseudonym = None if self._key is None else self._key.pseudonym(account_id)
        subject = ExportSubject(account_id, user_id, pseudonym)
        as_of = self._now()
        try:
            merged_into = await self._looked_up(subject)
            pages = self._pages(subject)
            # The status goes out before the document, so whether there is a row must be known before.
            begun = [await anext(pages, None)]
            while begun[-1] is not None and not begun[-1][1]:
                begun.append(await anext(pages, None))
        except DatabaseUnavailable as error:
            raise database_unavailable(error) from error
        if begun[-1] is None:
            raise self._nothing_known(subject)
        head = ExportHead(self._service, account_id, user_id, as_of, merged_into)
        return self._document(head, [one for one in begun if one is not None], pages)

    async def _looked_up(self, subject: ExportSubject) -> str | None:
        if self._lookup is None:
            return None
        erasure_id = None if subject.pseudonym is None else await self._lookup.erased_by(subject.pseudonym)
        if erasure_id is not None:
            detail = f"the account was erased on request {erasure_id}: GET /v1/erasures/{erasure_id} says what went"
            raise Problem(410, "erased", detail, more={"erasure_id": erasure_id})
        return await self._lookup.merged_into(subject)

    def _nothing_known(self, subject: ExportSubject) -> Problem:
        if subject.user_id is None:
            return Problem(404, "unknown_account", f"{self._service} knows nothing of an account with this id")
        detail = f"{self._service} knows nothing of this person at this account; hashed users are asked for by the hash"
        return Problem(404, "unknown_user", detail)

    async def _pages(self, subject: ExportSubject) -> AsyncIterator[tuple[str, Rows]]:
        """Pages of rows with the section's name. The first page of each section is empty: it opens the section."""
        for section in self._sections:
            if subject.user_id is None or section.about_users:
                yield section.name, ()
                async for rows in section.pages(subject):
                    yield section.name, rows

    async def _document(
        self, head: ExportHead, begun: Sequence[tuple[str, Rows]], pages: AsyncIterator[tuple[str, Rows]]
    ) -> AsyncIterator[bytes]:
        document = _DocumentText(head)
        complete = False
        try:
            async with aclosing(pages):  # type: ignore[type-var]
                for name, rows in begun:
                    yield document.add(name, rows)
                async for name, rows in pages:
                    yield document.add(name, rows)
            yield b"]}}"
            complete = True
        finally:
            _log.info("account.exported", account_id=head.account_id, rows=document.rows, complete=complete)


class _DocumentText:
    """Writes the JSON around sections and rows, and counts the rows."""

    def __init__(self, head: ExportHead) -> None:
        self.rows = 0
        self._before = msgspec.json.encode(head)[:-1] + b',"sections":{'
        self._in_section = False

    def add(self, name: str, rows: Rows) -> bytes:
        if not rows:
            begins, self._before, self._in_section = self._before, b"],", False
            return begins + msgspec.json.encode(name) + b":["
        self.rows += len(rows)
        comma, self._in_section = b"," if self._in_section else b"", True
        return comma + b",".join(map(msgspec.json.encode, rows))
