"""Makes the event of a row by the mapping of its columns. Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, tzinfo
from functools import partial
from math import inf, isfinite
from typing import Any, Final

import msgspec
from msgspec import Struct

from common.contracts import ids
from ingest.importing import identifiers, times, values
from ingest.importing.columns import Column, ColumnMapping
from ingest.importing.errors import BadCell, CellErrorReason, RowError
from ingest.importing.identifiers import IdForm
from ingest.importing.rows import EventToPost, FileRow, RefusedRow
from ingest.importing.synonyms import ColumnTarget, Shape, property_name
from ingest.importing.times import TimeForm
from ingest.importing.values import ValueKind, is_empty
from ingest.mapping.naming import to_event_name
from ingest.receiving.bounds import BOUNDS

_FACTS_EVENT: Final = "account.updated"
# Keeps ids of imports apart from those made of an Idempotency-Key.
_ID_SOURCE: Final = "import"
_IDS: Final = frozenset([ColumnTarget.ACCOUNT_ID, ColumnTarget.USER_ID, ColumnTarget.EVENT_ID])
_encoder: Final = msgspec.json.Encoder(decimal_format="number")


class ImportPlan(Struct, frozen=True):
    """How rows become events. `name` is the import's name: with a row's number it makes the event's id.

    `kinds` are those of the columns, by index; None in a file whose cells have types of their own. `id_forms` are those
    of the columns that are ids, by index.
    """

    mapping: ColumnMapping
    name: str
    time_form: TimeForm
    zone: tzinfo | None = None
    kinds: Sequence[ValueKind] | None = None
    id_forms: Mapping[int, IdForm] = {}


def make_plan(
    mapping: ColumnMapping, name: str, sample: Sequence[FileRow], *, typed: bool, zone: tzinfo | None
) -> ImportPlan:
    """Takes the forms of the columns from the first rows."""

    def cells(column: Column) -> list[Any]:
        return [cell for row in sample if not is_empty(cell := row.cells[column.index])]

    time = mapping.of(ColumnTarget.TIME)
    form = times.form_of(cells(time)) if time else TimeForm.TEXT
    kinds = None if typed else [values.kind_of(cells(column)) for column in mapping.columns]
    id_forms = {
        column.index: identifiers.form_of(cells(column), may_be_serial=column.may_be_serial)
        for column in mapping.columns
        if column.target in _IDS
    }
    return ImportPlan(mapping, name, form, zone, kinds, id_forms)


class RowPlanner:
    """Makes the event of a row. A row has the same event in whatever order rows come."""

    def __init__(self, plan: ImportPlan) -> None:
        self._plan = plan
        mapping = plan.mapping
        self._fields = [
            (each, reader) for each in mapping.columns if (reader := self._reader_of(each, plan)) is not None
        ]
        self._time = mapping.of(ColumnTarget.TIME)
        self._object = mapping.of(ColumnTarget.OBJECT)
        self._properties = [column for column in mapping.columns if column.target is ColumnTarget.PROPERTY]
        self._facts = mapping.shape is Shape.ACCOUNTS
        self._name = _FACTS_EVENT if self._facts else mapping.event

    @staticmethod
    def _reader_of(column: Column, plan: ImportPlan) -> Callable[[Any], str | None] | None:
        """Reads the cells of a field; None for columns that are read in another way."""
        form = plan.id_forms.get(column.index, IdForm.AS_IT_IS)
        match column.target:
            case ColumnTarget.ACCOUNT_ID:
                return partial(_read_needed_id, form=form)
            case ColumnTarget.USER_ID:
                return partial(identifiers.read_id, form=form)
            case ColumnTarget.EVENT_ID:
                return partial(_read_event_id, form=form, import_name=plan.name)
            case ColumnTarget.NAME:
                return _read_name
            case _:
                return None

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
            if is_empty(cell):
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
            if is_empty(cell):
                continue
            try:
                found[column.name] = self._value(cell, column, known)
            except BadCell as bad:
                errors.append(RowError(column.header, bad.reason, bad.detail))
        for other, value in (row.others or {}).items():
            if not is_empty(value) and (key := property_name(other)):
                found.setdefault(key, value)
        return found

    def _value(self, cell: Any, column: Column, known: Mapping[str, ValueKind]) -> Any:
        if isinstance(cell, float) and not isfinite(cell):
            raise BadCell(CellErrorReason.BAD_NUMBER, f"expected a finite number, not {cell}")
        if self._plan.kinds is None or not isinstance(cell, str):
            return cell
        kind = known.get(column.name)
        if kind is not None:
            return values.read_known(cell, kind)
        return values.read_other(cell, self._plan.kinds[column.index])


def _read_needed_id(cell: Any, form: IdForm) -> str:
    found = identifiers.read_id(cell, form)
    if found is None:
        raise BadCell(CellErrorReason.MISSING, "the row names no account")
    return found


def _read_event_id(cell: Any, form: IdForm, import_name: str) -> str | None:
    found = identifiers.read_id(cell, form)
    if found is None or form is not IdForm.SERIAL:
        return found
    return ids.event_id(f"{_ID_SOURCE} {import_name}", found, 0)


def _read_name(cell: Any) -> str:
    if is_empty(cell):
        raise BadCell(CellErrorReason.MISSING, "the row does not say what happened")
    name = to_event_name(cell) if isinstance(cell, str) else None
    if name is None:
        raise BadCell(
            CellErrorReason.BAD_NAME, f"{str(cell)[:60]!r}: expected object.verbed, or two words such as Report Created"
        )
    return name


def _read_object(cell: Any) -> dict[str, Any]:
    if is_empty(cell):
        return {}
    found = values.read_json(cell) if isinstance(cell, str) else cell
    if not isinstance(found, dict):
        raise BadCell(CellErrorReason.BAD_VALUE, f"expected a JSON object, not {str(cell)[:40]!r}")
    return found
