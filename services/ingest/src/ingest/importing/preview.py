"""The preview of an import: what each column becomes, the order of the rows, the first problems. Pure."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from common.catalogue.events import STANDARD_EVENTS
from common.catalogue.names import nearest_name
from ingest.importing.columns import Column, ColumnMapping, number_of
from ingest.importing.identifiers import IdForm
from ingest.importing.order import TimeOrder
from ingest.importing.planning import ImportPlan
from ingest.importing.rows import EventToPost, FileRow, RefusedRow, cell_text
from ingest.importing.synonyms import ColumnTarget, Shape
from ingest.importing.values import ValueKind, catalogue_kinds, is_empty
from ingest.mapping.naming import to_event_name

_SAMPLES: Final = 3
_SAMPLE_CHARS: Final = 32
_PROBLEMS: Final = 10
# How many events are kept for ingest to check.
_EVENTS: Final = 1000
_NAMES: Final = 12
# A first look waits for 15 minutes without history; sending this many rows takes about half of that.
_LONG_ROWS: Final = 20_000_000
# How many names are listed; the others are counted together.
_MOST_NAMES: Final = 10_000


class FirstRows:
    """What the first rows of a file contain; they are this `fraction` of it. `events` are some of their events."""

    def __init__(self) -> None:
        self.fraction = 1.0
        self.order = TimeOrder()
        self.names: Counter[str] = Counter()
        self.refused: list[RefusedRow] = []
        self.refused_count = 0
        self.events: list[EventToPost] = []
        self.count = 0

    def add(self, outcome: EventToPost | RefusedRow) -> None:
        self.count += 1
        if isinstance(outcome, RefusedRow):
            self.refuse(outcome)
            return
        self.order.add(outcome)
        if len(self.events) < _EVENTS:
            self.events.append(outcome)
        if outcome.name in self.names or len(self.names) < _MOST_NAMES:
            self.names[outcome.name] += 1

    def refuse(self, refused: RefusedRow) -> None:
        self.refused_count += 1
        if len(self.refused) < _PROBLEMS:
            self.refused.append(refused)


def column_lines(plan: ImportPlan, sample: Sequence[FileRow]) -> Iterator[str]:
    """A table with a line for each column."""
    columns, rows = plan.mapping.columns, [("column", "becomes", "samples")]
    header = [column.header for column in columns]
    for column in columns:
        name = column.header.strip() or number_of(column.index, header)
        rows.append((name, _meaning(column, plan), _samples(column, sample)))
    widths = [max(len(row[place]) for row in rows) for place in range(2)]
    for first, second, third in rows:
        yield f"  {first:{widths[0]}}  {second:{widths[1]}}  {third}".rstrip()
    if plan.mapping.event:
        yield f"  every row is the event {plan.mapping.event} (--event)"


def order_lines(found: FirstRows, *, sort: bool) -> Iterator[str]:
    order, rows = found.order, round(found.count / max(found.fraction, 1e-6))
    if not sort and rows > _LONG_ROWS:
        yield f"about {rows:,} rows take long: --sort sends each account's at once, else its first look may come before"
    if not order.late:
        yield f"order: by time within each account, in {order.rows:,} rows of {order.accounts:,} accounts"
    elif sort:
        yield f"order: {order.late:,} of {order.rows:,} rows are late; --sort puts them in order"
    else:
        yield (
            f"order: {order.late:,} of {order.rows:,} rows are earlier than an earlier row of their account, by up to "
            f"{_span(order.most)}; late rows count less and make no curve: --sort puts them in order"
        )


def name_lines(found: FirstRows, mapping: ColumnMapping) -> Iterator[str]:
    """The most frequent names of events, and those that the catalogue does not have."""
    if mapping.shape is Shape.ACCOUNTS:
        return
    yield "events:"
    for name, count in found.names.most_common(_NAMES):
        near = None if name in STANDARD_EVENTS else nearest_name(name, STANDARD_EVENTS)
        known = "" if name in STANDARD_EVENTS else f"  not in the catalogue{f', nearest: {near}' if near else ''}"
        yield f"  {name:32} {count:>9,}{known}"
    if len(found.names) > _NAMES:
        yield f"  and {len(found.names) - _NAMES:,} other names"


def problem_lines(refused: Sequence[RefusedRow]) -> Iterator[str]:
    for each in refused:
        place = f"row {each.row.number}" if each.row.line is None else f"row {each.row.number} (line {each.row.line})"
        for error in each.errors:
            yield f"  {place}: {error.field or 'the row'}: {error.reason}: {error.detail}"


def _meaning(column: Column, plan: ImportPlan) -> str:
    match column.target:
        case ColumnTarget.NOTHING:
            return f"nothing: {column.why}"
        case ColumnTarget.TIME:
            return f"time, {plan.time_form.value}" + (f", in {plan.zone}" if plan.zone else "")
        case ColumnTarget.NAME:
            return "name, as object.verbed"
        case ColumnTarget.OBJECT:
            return "properties, from JSON"
        case ColumnTarget.PROPERTY:
            return f"{column.becomes}, {_kind(column, plan)}" if plan.kinds is not None else column.becomes
        case ColumnTarget.EVENT_ID | ColumnTarget.ACCOUNT_ID | ColumnTarget.USER_ID:
            form = plan.id_forms[column.index]
            return column.becomes if form is IdForm.AS_IT_IS else f"{column.becomes}, {form.value}"


def _kind(column: Column, plan: ImportPlan) -> str:
    assert plan.kinds is not None
    if plan.mapping.shape is Shape.ACCOUNTS:
        known = catalogue_kinds("account.updated").get(column.name)
        return f"a fact ({known.value})" if known else f"not in the catalogue ({plan.kinds[column.index].value})"
    kind: ValueKind = plan.kinds[column.index]
    return kind.value


def _samples(column: Column, sample: Sequence[FileRow]) -> str:
    found: dict[str, None] = {}
    for row in sample:
        cell = row.cells[column.index]
        if not is_empty(cell):
            found[_shown(cell, column)] = None
        if len(found) == _SAMPLES:
            break
    return " | ".join(found)


def _shown(cell: Any, column: Column) -> str:
    text = cell_text(cell).strip()
    shown = text if len(text) <= _SAMPLE_CHARS else f"{text[:_SAMPLE_CHARS]}..."
    if column.target is ColumnTarget.NAME and text:
        name = to_event_name(text)
        return shown if name == text else f"{shown} -> {name or 'refused'}"
    return shown


def _span(seconds: float) -> str:
    for size, unit in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
