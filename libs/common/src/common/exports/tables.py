"""A section of an export that is the rows of one table, read page by page."""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
from sqlalchemy import (
    ARRAY,
    JSON,
    BigInteger,
    Boolean,
    ColumnElement,
    Date,
    DateTime,
    Double,
    Integer,
    LargeBinary,
    Select,
    Table,
    Text,
    cast,
    literal,
    select,
    tuple_,
)
from sqlalchemy.ext.asyncio import AsyncEngine
from sqlalchemy.types import TypeEngine

from common.database import connected
from common.exports.subject import ExportSubject

PAGE: Final = 200
"""Rows that are read, and held in memory, at once."""


@dataclass(frozen=True, kw_only=True)
class ExportedTable:
    """The rows of `table` that `where` finds, with every column, in the order of `order`, which has no nulls.

    `of_user` selects the rows of one person; None if no row is about a person. `shown` has other expressions for some
    columns, and None for a column that the export leaves out.
    """

    table: Table
    where: ColumnElement[bool]
    order: tuple[str, ...]
    of_user: ColumnElement[bool] | None = None
    shown: Mapping[str, ColumnElement[Any] | None] = field(default_factory=dict)

    @property
    def name(self) -> str:
        # SQLAlchemy's name is a subclass of str, which msgspec cannot encode.
        return str(self.table.name)

    def columns(self) -> dict[str, ColumnElement[Any]]:
        found = {str(column.name): self.shown.get(column.name, column) for column in self.table.c}
        return {name: column for name, column in found.items() if column is not None}

    def page(self, *, of_user: bool, after: Sequence[Any] | None) -> Select[Any]:
        columns = self.columns()
        place = [self.table.c[name] for name in self.order]
        # Stored JSON is sent without decoding it.
        texts = [(cast(one, Text) if _is_json(one) else one).label(name) for name, one in columns.items()]
        query = select(*texts).where(self.where).order_by(*place).limit(PAGE)
        if of_user and self.of_user is not None:
            query = query.where(self.of_user)
        if after is not None:
            ended = (literal(value, column.type) for value, column in zip(after, place, strict=True))
            query = query.where(tuple_(*place) > tuple_(*ended))
        return query

    def row_schema(self) -> dict[str, Any]:
        """The JSON Schema of a row, for the OpenAPI document."""
        properties = {name: _schema(column.type) for name, column in self.columns().items()}
        required = list(properties)
        return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


class TableSection:
    """Reads the rows of a table page by page. It holds no connection while the client reads.

    `patience` is the most that one page may take, in seconds.
    """

    def __init__(self, exported: ExportedTable, engine: AsyncEngine, *, service: str, patience: float) -> None:
        self.name = exported.name
        self.about_users = exported.of_user is not None
        self._exported = exported
        self._engine = engine
        self._service = service
        self._patience = patience
        self._json = {name for name, column in exported.columns().items() if _is_json(column)}

    async def pages(self, subject: ExportSubject) -> AsyncIterator[Sequence[Mapping[str, Any]]]:
        """Pages of at most `PAGE` rows, none empty. Raises `DatabaseUnavailable`."""
        after = None
        while True:
            query = self._exported.page(of_user=subject.user_id is not None, after=after)
            async with connected(self._engine, timeout=self._patience, service=self._service) as connection:
                rows = (await connection.execute(query, subject.parameters())).mappings().all()
            if rows:
                yield [self._row(row) for row in rows]
            if len(rows) < PAGE:
                return
            after = [rows[-1][name] for name in self._exported.order]

    def _row(self, row: Mapping[str, Any]) -> Mapping[str, Any]:
        return {
            name: msgspec.Raw(value.encode()) if name in self._json and value is not None else value
            for name, value in row.items()
        }


def _is_json(column: ColumnElement[Any]) -> bool:
    return isinstance(column.type, JSON)


# JSON Schema by type of column; other types are texts.
_TYPES: Final[Sequence[tuple[type[TypeEngine[Any]], dict[str, Any]]]] = (
    (JSON, {}),
    (Boolean, {"type": ["boolean", "null"]}),
    (BigInteger, {"type": ["integer", "null"]}),
    (Integer, {"type": ["integer", "null"]}),
    (Double, {"type": ["number", "null"]}),
    (Date, {"type": ["string", "null"], "format": "date"}),
    (DateTime, {"type": ["string", "null"], "format": "date-time"}),
    (LargeBinary, {"type": ["string", "null"], "contentEncoding": "base64"}),
    (ARRAY, {"type": ["array", "null"]}),
)


def _schema(kind: TypeEngine[Any]) -> dict[str, Any]:
    return next((schema for known, schema in _TYPES if isinstance(kind, known)), {"type": ["string", "null"]})
