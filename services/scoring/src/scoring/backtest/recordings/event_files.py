"""Files of events in the format of the system: CSV, JSON lines or Parquet; and which reader a file needs."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar

import msgspec

from common.contracts.events import Event
from scoring.backtest import packages
from scoring.backtest.errors import InvalidRecording
from scoring.backtest.recordings import course_files, event_rows
from scoring.backtest.recordings.event_rows import COLUMNS, REQUIRED, EventRow
from scoring.backtest.recordings.outcome_files import read_decisions
from scoring.backtest.recordings.recording import Recording, RecordingBuilder
from scoring.backtest.recordings.text_files import CsvTable, open_text

Progress = Callable[[int], None]
"""Told how many events have been read so far."""
_REPORT_EVERY = 20_000
Row = TypeVar("Row")


def read_recording(
    events: Path,
    *,
    deadlines: Path | None = None,
    outcomes: Path | None = None,
    progress: Progress = lambda count: None,
) -> Recording:
    """Reads a file of events in any format. `deadlines` are for course files.

    Raises `InvalidRecording` or `MissingPackages`.
    """
    if _is_course(events):
        return course_files.read(events, deadlines=deadlines, outcomes=outcomes, progress=progress)
    if deadlines is not None:
        reason = "is not needed: --deadlines goes with course files, other events have milestone.planned"
        raise InvalidRecording(deadlines, reason)
    builder = RecordingBuilder()
    for event in _read_events(events):
        builder.add(event, event.time.timestamp())
        if len(builder) % _REPORT_EVERY == 0:
            progress(len(builder))
    if not len(builder):
        raise InvalidRecording(events, "holds no event")
    for account_id, at in read_decisions(outcomes) if outcomes else ():
        builder.decide(account_id, at)
    return builder.build()


def _format_of(path: Path) -> str:
    """The suffix, without .gz."""
    return (path.suffixes[-2:-1] or [""])[0] if path.suffix == ".gz" else path.suffix


def _is_course(path: Path) -> bool:
    if _format_of(path) != ".csv":
        return False
    with open_text(path) as text:
        return course_files.is_header_of_course(CsvTable(path, text).columns)


def _read_events(path: Path) -> Iterator[Event]:
    match _format_of(path):
        case ".csv":
            return _read_csv(path)
        case ".jsonl" | ".ndjson" | ".json":
            return _read_json_lines(path)
        case ".parquet":
            return _read_parquet(path)
        case _:
            raise InvalidRecording(path, "the name has to end in .csv, .jsonl or .parquet, with .gz or without")


def _read_csv(path: Path) -> Iterator[Event]:
    with open_text(path) as text:
        table = CsvTable(path, text)
        _check_columns(path, table.columns)
        rows = ((line, dict(zip(table.columns, fields, strict=True))) for line, fields in table.rows())
        yield from _events(path, rows, event_rows.from_fields)


def _read_json_lines(path: Path) -> Iterator[Event]:
    with open_text(path) as text:
        lines = ((number, line) for number, line in enumerate(text, start=1) if line.strip())
        yield from _events(path, lines, event_rows.from_json)


def _read_parquet(path: Path) -> Iterator[Event]:
    """An error names the number of the row as its line."""
    arrow, parquet = packages.load("pyarrow"), packages.load("pyarrow.parquet")
    try:
        with parquet.ParquetFile(path) as file:
            _check_columns(path, file.schema_arrow.names)
            rows = (fields for batch in file.iter_batches() for fields in batch.to_pylist())
            yield from _events(path, enumerate(rows, start=1), event_rows.from_fields)
    except (OSError, arrow.ArrowException) as error:
        raise InvalidRecording(path, f"cannot be read: {error}") from error


def _check_columns(path: Path, columns: Sequence[str]) -> None:
    for column in columns:
        if column not in COLUMNS:
            raise InvalidRecording(path, f"unknown column '{column}': known are {', '.join(COLUMNS)}", line=1)
    for column in REQUIRED:
        if column not in columns:
            raise InvalidRecording(path, f"has no column '{column}', only {', '.join(columns)}", line=1)


def _events(path: Path, rows: Iterable[tuple[int, Row]], read: Callable[[Row], EventRow]) -> Iterator[Event]:
    for number, (line, row) in enumerate(rows, start=1):
        try:
            yield event_rows.event_of(read(row), number)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InvalidRecording(path, str(error), line=line) from error
