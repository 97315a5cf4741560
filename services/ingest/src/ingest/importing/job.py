"""An import: the choices of the command line, and what its file contains."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import tzinfo
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Final
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Struct

from ingest.importing import import_state
from ingest.importing.columns import ColumnChoices, map_columns
from ingest.importing.errors import FileChanged
from ingest.importing.import_state import ImportState
from ingest.importing.planning import ImportPlan, RowPlanner, make_plan
from ingest.importing.preview import FirstRows
from ingest.importing.rows import EventToPost, FileRow, RefusedRow
from ingest.importing.sorting import RowSorter
from ingest.importing.synonyms import Shape
from ingest.importing.tables.opening import open_table
from ingest.importing.tables.source_file import FileIdentity, identify
from ingest.importing.tables.table import SourceTable

# The forms of columns come from the first rows, up to these bounds; order of rows and names of events from more.
_SAMPLE_ROWS: Final = 1000
_SAMPLE_CHARS: Final = 16_000_000
_FIRST_ROWS: Final = 100_000
_NAME_DIGITS: Final = 12


Fraction = Callable[[], float]
"""How much has been done, from 0 to 1."""


class ImportChoices(Struct, frozen=True):
    """The choices of the command line. `zone` is an IANA name. With `history` facts are sent as history, too."""

    columns: ColumnChoices = ColumnChoices()
    zone: str | None = None
    delimiter: str | None = None
    sort: bool = False
    history: bool = False

    @property
    def digest(self) -> str:
        return sha256(msgspec.json.encode(self)).hexdigest()[:32]


class ImportJob(Struct, frozen=True):
    """A file whose first rows were read; `identity` is its identity at that time."""

    path: Path
    choices: ImportChoices
    identity: FileIdentity
    plan: ImportPlan
    format: str
    header: tuple[str, ...]
    sample: tuple[FileRow, ...]

    @property
    def name(self) -> str:
        return self.plan.name

    @property
    def is_history(self) -> bool:
        """Whether rows are sent as history. Facts are not, unless the command line says so.

        As history they would bring an account's clock to today, and events imported after them would make no curve.
        """
        return self.choices.history or self.plan.mapping.shape is Shape.EVENTS

    def begin(self) -> ImportState:
        """The state before the first row."""
        return ImportState(self.name, self.identity, self.choices.digest)

    def resume(self, state: Path) -> ImportState:
        """The state from which it goes on. Raises `ImportFailed`, such as `FileChanged`."""
        return import_state.go_on(import_state.load(state), self.begin())

    @contextmanager
    def outcomes(self, *, done: int = 0) -> Iterator[tuple[Iterator[EventToPost | RefusedRow], Fraction]]:
        """What becomes of each row after the first `done` ones, in the order of sending."""
        with open_table(self.path, delimiter=self.choices.delimiter) as table:
            if self.choices.sort:
                sorter = RowSorter(table.rows(), RowPlanner(self.plan))
                yield islice(sorter.outcomes(), done, None), sorter.fraction
            else:
                # Rows that are skipped are read only.
                yield _plan_rows(self.plan, islice(table.rows(), done, None)), table.fraction

    def look(self) -> FirstRows:
        """What the first rows contain, in the order of the file."""
        found = FirstRows()
        with open_table(self.path, delimiter=self.choices.delimiter) as table:
            for outcome in _plan_rows(self.plan, islice(table.rows(), _FIRST_ROWS)):
                found.add(outcome)
            found.fraction = table.fraction()
        return found

    def check_unchanged(self) -> None:
        """Raises `FileChanged` if somebody has written to the file since the import began."""
        if identify(self.path) != self.identity:
            raise FileChanged(f"{self.path}: somebody wrote to it during the import, so rows may be missing")


def open_job(path: Path, choices: ImportChoices, *, name: str | None = None) -> ImportJob:
    """Raises `ImportFailed`."""
    identity = identify(path)
    zone: tzinfo | None = ZoneInfo(choices.zone) if choices.zone else None
    with open_table(path, delimiter=choices.delimiter) as table:
        mapping = map_columns(table.header, choices.columns)
        sample = tuple(_sample(table))
        plan = make_plan(mapping, name or default_name(path, identity), sample, typed=table.typed, zone=zone)
        return ImportJob(path, choices, identity, plan, table.format, tuple(table.header), sample)


def default_name(path: Path, identity: FileIdentity) -> str:
    """The file's name and a digest of its size, its beginning and its end."""
    return f"{path.name}-{identity.digest[:_NAME_DIGITS]}"


def _plan_rows(plan: ImportPlan, rows: Iterable[FileRow | RefusedRow]) -> Iterator[EventToPost | RefusedRow]:
    planner = RowPlanner(plan)
    return (row if isinstance(row, RefusedRow) else planner(row) for row in rows)


def _sample(table: SourceTable) -> Iterator[FileRow]:
    chars = 0
    for row in islice(table.rows(), _SAMPLE_ROWS):
        if isinstance(row, FileRow):
            chars += sum(len(cell) for cell in row.cells if isinstance(cell, str))
            yield row
        if chars > _SAMPLE_CHARS:
            return
