"""Makes the event of a row by the mapping of its columns. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from decimal import Decimal
from math import inf
from typing import Any, Final
from uuid import UUID

import msgspec
from msgspec import Struct

from common.contracts import ids
from ingest.importing import times, values
from ingest.importing.columns import Column, ColumnMapping
from ingest.importing.errors import BadCell, CellErrorReason, RowError
from ingest.importing.rows import EventToPost, FileRow, RefusedRow
from ingest.importing.synonyms import ColumnTarget, Shape, property_name
from ingest.importing.times import TimeForm
from ingest.importing.values import ValueKind
from ingest.mapping.naming import to_event_name
from ingest.receiving.bounds import BOUNDS

_FACTS_EVENT: Final = "account.updated"
# Keeps ids of imports apart from those made of an Idempotency-Key.
_ID_SOURCE: Final = "import"
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


class ImportPlan(Struct, frozen=True):
    """How rows become events. `name` is the import's name: with a row's number it makes the event's id.

    `kinds` are those of the columns, by index; None in a file whose cells have types of their own.
    """

    mapping: ColumnMapping
    name: str
    time_form: TimeForm
    zone: tzinfo | None = None
    kinds: Sequence[ValueKind] | None = None


def make_plan(
    mapping: ColumnMapping, name: str, sample: Sequence[FileRow], *, typed: bool, zone: tzinfo | None
) -> ImportPlan:
    """Takes the forms of the columns from the first rows."""

    def cells(column: Column) -> list[Any]:
        return [row.cells[column.index] for row in sample]

    time = mapping.of(ColumnTarget.TIME)
    form = times.form_of(cells(time)) if time else TimeForm.TEXT
    kinds = None if typed else [values.kind_of(cells(column)) for column in mapping.columns]
    return ImportPlan(mapping, name, form, zone, kinds)


class RowPlanner:
    """Makes the event of a row. A row has the same event in whatever order rows come."""

    def __init__(self, plan: ImportPlan) -> None:
        self._plan = plan
        mapping = plan.mapping
        self._fields = [(each, _READERS[each.target]) for each in mapping.columns if each.target in _READERS]
        self._time = mapping.of(ColumnTarget.TIME)
        self._object = mapping.of(ColumnTarget.OBJECT)
        self._properties = [column for column in mapping.columns if column.target is ColumnTarget.PROPERTY]
        self._facts = mapping.shape is Shape.ACCOUNTS
        self._name = _FACTS_EVENT if self._facts else mapping.event

    def __call__(self, row: FileRow) -> EventToPost | RefusedRow:
        errors: list[RowError] = []
        event: dict[str, Any] = {"event_id": None, "name": self._name}
        for column, read in self._fields:
            try:
                event[column.target.value] = read(row.cells[column.index])
            except BadCell as bad:
                errors.append(RowError(column.header, bad.reason, bad.detail))
        at = self._at(row, errors)
        if at is not None:
            event["time"] = at
        event["properties"] = self._read_properties(row, event["name"] or "", errors)
        if errors:
            return RefusedRow(row, tuple(errors))
        event["event_id"] = event["event_id"] or ids.event_id(_ID_SOURCE, self._plan.name, row.number)
        try:
            body = _encoder.encode(event)
        except (TypeError, ValueError, RecursionError) as error:
            return RefusedRow(row, (RowError("", CellErrorReason.BAD_VALUE, str(error)),))
        if len(body) > BOUNDS.event_bytes:
            detail = f"{len(body):,} bytes as an event: at most {BOUNDS.event_bytes:,}"
            return RefusedRow(row, (RowError("", CellErrorReason.TOO_LARGE, detail),))
        return EventToPost(row, event["account_id"], event["name"], at.timestamp() if at else -inf, body)

    def _at(self, row: FileRow, errors: list[RowError]) -> datetime | None:
        if self._time is None:
            return None
        cell = row.cells[self._time.index]
        try:
            if _is_empty(cell):
                # Without a time ingest would take that of the request, and history would be dated today.
                raise BadCell(CellErrorReason.MISSING, "the row says no time")
            return times.read_time(cell, self._plan.time_form, self._plan.zone)
        except BadCell as bad:
            errors.append(RowError(self._time.header, bad.reason, bad.detail))
            return None

    def _read_properties(self, row: FileRow, name: str, errors: list[RowError]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        if self._object is not None:
            try:
                found.update(_read_object(row.cells[self._object.index]))
            except BadCell as bad:
                errors.append(RowError(self._object.header, bad.reason, bad.detail))
        known = values.catalogue_kinds(name)
        for column in self._properties:
            cell = row.cells[column.index]
            if cell is None or cell == "":
                continue
            try:
                found[column.name] = self._value(cell, column, known)
            except BadCell as bad:
                errors.append(RowError(column.header, bad.reason, bad.detail))
        for other, value in (row.others or {}).items():
            if value is not None and (key := property_name(other)):
                found.setdefault(key, value)
        return found

    def _value(self, cell: Any, column: Column, known: Mapping[str, ValueKind]) -> Any:
        if self._plan.kinds is None or not isinstance(cell, str):
            return cell
        kind = known.get(column.name)
        if kind is not None:
            return values.read_known(cell, kind)
        return values.read_other(cell, self._plan.kinds[column.index])


def _is_empty(cell: Any) -> bool:
    """Whether the cell is empty; data frames write NaN for that."""
    return cell is None or (isinstance(cell, str) and not cell.strip()) or cell != cell


def _read_id(cell: Any) -> str | None:
    """Whole numbers are taken as their digits: many ids are numbers, and data frames make 4711.0 of 4711."""
    if _is_empty(cell):
        return None
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, UUID):
        return str(cell)
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool) and cell % 1 == 0:
        return str(int(cell))
    raise BadCell(CellErrorReason.BAD_VALUE, f"expected a text or a whole number, not {str(cell)[:40]}")


def _read_needed_id(cell: Any) -> str | None:
    found = _read_id(cell)
    if found is None:
        raise BadCell(CellErrorReason.MISSING, "the row names no account")
    return found


def _read_name(cell: Any) -> str:
    if _is_empty(cell):
        raise BadCell(CellErrorReason.MISSING, "the row does not say what happened")
    name = to_event_name(cell) if isinstance(cell, str) else None
    if name is None:
        raise BadCell(
            CellErrorReason.BAD_NAME, f"{str(cell)[:60]!r}: expected object.verbed, or two words such as Report Created"
        )
    return name


def _read_object(cell: Any) -> dict[str, Any]:
    if _is_empty(cell):
        return {}
    found = values.read_json(cell) if isinstance(cell, str) else cell
    if not isinstance(found, dict):
        raise BadCell(CellErrorReason.BAD_VALUE, f"expected a JSON object, not {str(cell)[:40]!r}")
    return found


_READERS: Final[Mapping[ColumnTarget, Callable[[Any], str | None]]] = {
    ColumnTarget.ACCOUNT_ID: _read_needed_id,
    ColumnTarget.USER_ID: _read_id,
    ColumnTarget.EVENT_ID: _read_id,
    ColumnTarget.NAME: _read_name,
}
