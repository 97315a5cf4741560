"""Files of a course, as the Open University's dataset has them: events by day, deadlines, outcomes."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

from scoring.backtest.errors import InvalidRecording
from scoring.backtest.recordings.course import Course, CourseDeadline, CourseEnrolment, CourseRow
from scoring.backtest.recordings.recording import Recording, RecordingBuilder
from scoring.backtest.recordings.text_files import CsvTable, open_text
from scoring.health.moments import DAY

COLUMNS = """\
EVENTS      account_id, day (from the start, may be negative), date (YYYY-MM-DD), event_type (a kind of page,
            or assessment_submitted), resource_id, clicks, score
OUTCOMES    account_id, registered_day, withdrawn_day (empty: stayed to the end), outcome (any word)
DEADLINES   resource_id, due_day, weight (of the grade; without the column all weigh alike)"""

_EVENT_COLUMNS = ("account_id", "day", "date", "event_type", "resource_id", "clicks", "score")
_OUTCOME_COLUMNS = ("account_id", "registered_day", "withdrawn_day")
_DEADLINE_COLUMNS = ("resource_id", "due_day")
_REPORT_EVERY = 20_000


def is_header_of_course(columns: Sequence[str]) -> bool:
    return set(_EVENT_COLUMNS) <= set(columns)


def read(
    events: Path, *, deadlines: Path | None, outcomes: Path | None, progress: Callable[[int], None] = lambda count: None
) -> Recording:
    """A course as a recording. Raises `InvalidRecording`."""
    course, builder = read_course(events, deadlines=deadlines, outcomes=outcomes), RecordingBuilder()
    for enrolment in course.enrolments:
        if enrolment.withdrew is not None:
            builder.decide(enrolment.account_id, course.moment(enrolment.withdrew).timestamp())
    for event in course.events():
        builder.add(event, event.time.timestamp())
        if len(builder) % _REPORT_EVERY == 0:
            progress(len(builder))
    return builder.build(day_zero=int(course.start.timestamp() // DAY))


def read_course(events: Path, *, deadlines: Path | None, outcomes: Path | None) -> Course:
    """Without `outcomes` an account begins on the day of its first row. Other columns than `COLUMNS` are let be.

    Raises `InvalidRecording`.
    """
    with open_text(events) as text:
        start, rows = _rows(CsvTable(events, text))
    if not rows:
        raise InvalidRecording(events, "holds no event")
    days = [row.day for row in rows]
    enrolments = _enrolments(outcomes) if outcomes else _first_days(rows)
    # The last line of a resource counts.
    due = {deadline.step: deadline for deadline in _deadlines(deadlines)} if deadlines else {}
    return Course(
        start=start,
        opens=min(days),
        closes=max(days),
        rows=tuple(rows),
        enrolments=tuple(enrolments),
        deadlines=tuple(deadline for _, deadline in sorted(due.items())),
    )


def _rows(table: CsvTable) -> tuple[datetime, list[CourseRow]]:
    """The start of the course, and all rows."""
    at = [table.index_of(column) for column in _EVENT_COLUMNS]
    start = datetime.fromtimestamp(0, UTC)
    rows: list[CourseRow] = []
    for number, (line, fields) in enumerate(table.rows(), start=1):
        account, day, date, kind, resource, clicks, score = [fields[index] for index in at]
        try:
            row = CourseRow(
                number,
                account,
                int(day),
                kind,
                resource,
                int(clicks) if clicks else None,
                float(score) if score else None,
            )
            if not rows:
                start = datetime.fromisoformat(date).replace(tzinfo=UTC) - timedelta(days=row.day)
        except ValueError as error:
            raise InvalidRecording(table.path, str(error), line=line) from error
        rows.append(row)
    return start, rows


def _deadlines(path: Path) -> Iterator[CourseDeadline]:
    with open_text(path) as text:
        table = CsvTable(path, text)
        resource, due_day = [table.index_of(column) for column in _DEADLINE_COLUMNS]
        weight = _optional(table, "weight")
        for line, fields in table.rows():
            share = "" if weight is None else fields[weight]
            yield CourseDeadline(
                fields[resource], _number(fields[due_day], path, line), _number(share, path, line) if share else None
            )


def _enrolments(path: Path) -> Iterator[CourseEnrolment]:
    with open_text(path) as text:
        table = CsvTable(path, text)
        at = [table.index_of(column) for column in _OUTCOME_COLUMNS]
        outcome = _optional(table, "outcome")
        for line, fields in table.rows():
            account, registered, withdrew = [fields[index] for index in at]
            yield CourseEnrolment(
                account,
                _number(registered, path, line) if registered else None,
                _number(withdrew, path, line) if withdrew else None,
                "" if outcome is None else fields[outcome],
            )


def _optional(table: CsvTable, column: str) -> int | None:
    return table.columns.index(column) if column in table.columns else None


def _number(text: str, path: Path, line: int) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InvalidRecording(path, f"'{text}' is not a number", line=line) from error


def _first_days(rows: Sequence[CourseRow]) -> list[CourseEnrolment]:
    first: dict[str, float] = {}
    for row in rows:
        first[row.account_id] = min(row.day, first.get(row.account_id, row.day))
    return [CourseEnrolment(account, day, None) for account, day in first.items()]
