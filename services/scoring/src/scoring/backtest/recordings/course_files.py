"""Course data by day (clicks, submissions, deadlines, withdrawals), as the Open University's dataset has them.

A student is an account, a withdrawal a decision to leave. Rows are by day: a day's rows of one account are spread over
its waking hours in the order of the file, and numbered, so that rows that look alike stay two events.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from msgspec import Struct

from common.contracts.events import Event
from scoring.backtest.errors import InvalidRecording
from scoring.backtest.recordings.recording import Recording, RecordingBuilder
from scoring.backtest.recordings.text_files import CsvTable, open_text
from scoring.health.moments import DAY

SOURCE = "course"
SUBMITTED = "assessment_submitted"
MORNING = timedelta(hours=8)
WAKING = timedelta(hours=14)

_EVENT_COLUMNS = ("account_id", "day", "date", "event_type", "resource_id", "clicks", "score")
_REPORT_EVERY = 20_000


class CourseEnrolment(Struct, frozen=True):
    """Days count from the start of the course; `withdrew` is None for whoever stayed."""

    account_id: str
    registered: float | None
    withdrew: float | None

    def joined(self, opens: float) -> float:
        """The day from which silence says something: nobody can come before the pages open.

        Without a known day of registration it is the start of the course, day 0.
        """
        return max(opens, self.registered if self.registered is not None else 0.0)

    def took_part(self, opens: float) -> bool:
        """Whoever withdrew before there was anything to see never was an account."""
        return self.withdrew is None or self.withdrew > self.joined(opens)


class _Deadline(NamedTuple):
    """`day` is the last on which to hand in, from the start of the course; `weight` its share of the grade."""

    step: str
    day: float
    weight: float | None


class _CourseRow(Struct, frozen=True, gc=False):
    number: int
    account_id: str
    day: int
    kind: str
    resource: str
    clicks: int | None
    score: float | None


def is_header_of_course(columns: Sequence[str]) -> bool:
    return set(_EVENT_COLUMNS) <= set(columns)


def read(
    events: Path, *, deadlines: Path | None, outcomes: Path | None, progress: Callable[[int], None] = lambda count: None
) -> Recording:
    """Without `outcomes` an account begins on the day of its first row.

    Raises `InvalidRecording`.
    """
    builder = RecordingBuilder()
    with open_text(events) as text:
        start, rows = _rows(CsvTable(events, text))
    if not rows:
        raise InvalidRecording(events, "holds no event")
    opens = min(row.day for row in rows)
    due = sorted(_deadlines(deadlines), key=lambda each: each.step) if deadlines else []
    enrolments = list(_enrolments(outcomes)) if outcomes else _first_days(rows)
    # First, because a registration comes before what is done on the same day.
    for enrolment in enrolments:
        if enrolment.took_part(opens):
            for event in _registration(enrolment, due, start=start, opens=opens):
                builder.add(event, event.time.timestamp())
        if enrolment.withdrew is not None:
            builder.decide(enrolment.account_id, (start + timedelta(days=enrolment.withdrew)).timestamp())
    for event in _events(rows, start):
        builder.add(event, event.time.timestamp())
        if len(builder) % _REPORT_EVERY == 0:
            progress(len(builder))
    return builder.build(day_zero=int(start.timestamp() // DAY))


def _rows(table: CsvTable) -> tuple[datetime, list[_CourseRow]]:
    """The start of the course, and all rows."""
    at = [table.index_of(column) for column in _EVENT_COLUMNS]
    start = datetime.fromtimestamp(0, UTC)
    rows: list[_CourseRow] = []
    for number, (line, fields) in enumerate(table.rows(), start=1):
        account, day, date, kind, resource, clicks, score = [fields[index] for index in at]
        try:
            row = _CourseRow(
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


def _deadlines(path: Path) -> Iterator[_Deadline]:
    with open_text(path) as text:
        table = CsvTable(path, text)
        resource, due_day = table.index_of("resource_id"), table.index_of("due_day")
        weight = table.index_of("weight") if "weight" in table.columns else None
        for line, fields in table.rows():
            share = "" if weight is None else fields[weight]
            yield _Deadline(
                fields[resource], _number(fields[due_day], path, line), _number(share, path, line) if share else None
            )


def _enrolments(path: Path) -> Iterator[CourseEnrolment]:
    with open_text(path) as text:
        table = CsvTable(path, text)
        at = [table.index_of(column) for column in ("account_id", "registered_day", "withdrawn_day")]
        for line, fields in table.rows():
            account, registered, withdrew = [fields[index] for index in at]
            yield CourseEnrolment(
                account,
                _number(registered, path, line) if registered else None,
                _number(withdrew, path, line) if withdrew else None,
            )


def _number(text: str, path: Path, line: int) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise InvalidRecording(path, f"'{text}' is not a number", line=line) from error


def _first_days(rows: Sequence[_CourseRow]) -> list[CourseEnrolment]:
    first: dict[str, float] = {}
    for row in rows:
        first[row.account_id] = min(row.day, first.get(row.account_id, row.day))
    return [CourseEnrolment(account, day, None) for account, day in first.items()]


def _registration(
    enrolment: CourseEnrolment, due: Sequence[_Deadline], *, start: datetime, opens: float
) -> Iterator[Event]:
    """The account, and the deadlines that are still ahead of it."""
    account, day = enrolment.account_id, enrolment.joined(opens)
    at = start + timedelta(days=day)
    yield _event(f"{account}-joined", account, "account.updated", at, {"stage": "adoption"})
    for deadline in due:
        if deadline.day > day:
            # The day of a deadline still counts: it is over at midnight.
            plan: dict[str, Any] = {
                "step": deadline.step,
                "due": (start + timedelta(days=deadline.day + 1)).isoformat(),
            }
            if deadline.weight is not None:
                plan["weight"] = deadline.weight
            yield _event(f"{account}-due-{deadline.step}", account, "milestone.planned", at, plan)


def _events(rows: Sequence[_CourseRow], start: datetime) -> Iterator[Event]:
    of_the_day: dict[tuple[str, int], list[_CourseRow]] = {}
    for row in rows:
        of_the_day.setdefault((row.account_id, row.day), []).append(row)
    for (_, day), group in of_the_day.items():
        morning = start + timedelta(days=day) + MORNING
        for place, row in enumerate(group):
            yield from _row_events(row, morning + WAKING * (place / len(group)))


def _row_events(row: _CourseRow, at: datetime) -> Iterator[Event]:
    name, account = f"row-{row.number}", row.account_id
    if row.kind != SUBMITTED:
        page: dict[str, Any] = {"activity": row.kind, "resource": row.resource}
        if row.clicks is not None:
            page["clicks"] = row.clicks
        yield _event(name, account, "page.viewed", at, page)
        return
    handed_in: dict[str, Any] = {"resource": row.resource}
    if row.score is not None:
        handed_in["score"] = row.score
    yield _event(name, account, "assessment.submitted", at, handed_in)
    yield _event(f"{name}-step", account, "milestone.reached", at, {"step": row.resource})


def _event(event_id: str, account_id: str, name: str, time: datetime, properties: dict[str, Any]) -> Event:
    return Event(event_id, account_id, name, time, SOURCE, time, properties=properties)
