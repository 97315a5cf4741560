"""Clicks, submissions, deadlines and withdrawals by day, as files hold them, made into events.

The columns are named in `COLUMNS`; other columns are let be. Rows are by day: a day's rows of one account are
spread over its waking hours in the order of the file, and numbered, so that rows that look alike stay two.
"""

import csv
import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import TextIOWrapper
from pathlib import Path
from typing import Any, TextIO

from local.replay.evaluation import AccountLifetime
from local.replay.ingest_client import ClientEvent

COLUMNS = """\
EVENTS      account_id, day (from the start, may be negative), date (YYYY-MM-DD), event_type (a kind of page,
            or assessment_submitted), resource_id, clicks, score
OUTCOMES    account_id, outcome (any word), registered_day, withdrawn_day (empty: stayed to the end)
DEADLINES   resource_id, due_day, weight (of the grade; without the column all weigh alike)"""

SUBMITTED = "assessment_submitted"
MORNING = timedelta(hours=8)
WAKING = timedelta(hours=14)


class UnreadableCourseData(Exception):
    """A file is not what `COLUMNS` says."""


@dataclass(frozen=True)
class Deadline:
    """`day` counts from the start and is the last on which to hand in; `weight` is its share of the grade, if known."""

    day: float
    weight: float | None


@dataclass(frozen=True)
class Enrolment:
    """Days count from the start; `withdrew` is None for whoever stayed."""

    account_id: str
    outcome: str
    registered: float | None
    withdrew: float | None


@dataclass(frozen=True)
class CourseData:
    """`events` are in time order; `opens` and `end` are the first and the last day of the events file."""

    start: datetime
    opens: datetime
    end: datetime
    enrolments: tuple[Enrolment, ...]
    events: tuple[ClientEvent, ...]

    def moment(self, day: float) -> datetime:
        return self.start + timedelta(days=day)

    def lifetimes(self) -> list[AccountLifetime]:
        """Of all who took part."""
        opens = (self.opens - self.start).days
        return [
            AccountLifetime(
                account_id=enrolment.account_id,
                outcome=enrolment.outcome,
                since=self.moment(joined(enrolment, opens=opens)),
                until=self.end if enrolment.withdrew is None else self.moment(enrolment.withdrew),
                left=enrolment.withdrew is not None,
            )
            for enrolment in self.enrolments
            if took_part(enrolment, opens=opens)
        ]


def read(events: Path, outcomes: Path, deadlines: Path) -> CourseData:
    """Raises `Unreadable`, `OSError`."""
    try:
        return _read(events, outcomes, deadlines)
    except (KeyError, ValueError) as error:
        raise UnreadableCourseData(f"{error!r}: is that what --help says of the columns?") from error


def _read(events: Path, outcomes: Path, deadlines: Path) -> CourseData:
    rows = list(_rows(events))
    if not rows:
        raise ValueError(f"{events} holds no rows")
    days = [int(row["day"]) for row in rows]
    start = _midnight(rows[0]["date"]) - timedelta(days=days[0])
    opens, closes = min(days), max(days)
    enrolments = tuple(_enrolments(outcomes))
    due = {row["resource_id"]: _deadline(row) for row in _rows(deadlines)}
    posted = [*_clicks(rows, start)]
    for enrolment in enrolments:
        posted += _registration(enrolment, due, start=start, opens=opens)
    return CourseData(
        start=start,
        opens=start + timedelta(days=opens),
        end=start + timedelta(days=closes + 1),
        enrolments=enrolments,
        events=tuple(sorted(posted, key=lambda event: event.time)),
    )


def joined(enrolment: Enrolment, *, opens: float) -> float:
    """The day from which silence says something: nobody can come before the pages are open.

    Without a known day of registration it is the start of the course, day 0.
    """
    return max(opens, enrolment.registered if enrolment.registered is not None else 0.0)


def took_part(enrolment: Enrolment, *, opens: float) -> bool:
    """Whoever withdrew before there was anything to see never was an account."""
    return enrolment.withdrew is None or enrolment.withdrew > joined(enrolment, opens=opens)


def _registration(
    enrolment: Enrolment, due: dict[str, Deadline], *, start: datetime, opens: int
) -> Iterator[ClientEvent]:
    """The account and the deadlines that are still ahead of it."""
    if not took_part(enrolment, opens=opens):
        return
    day = joined(enrolment, opens=opens)
    at = start + timedelta(days=day)
    account = enrolment.account_id
    yield ClientEvent(f"{account}-joined", account, "account.updated", at, properties={"stage": "adoption"})
    for step, deadline in sorted(due.items()):
        if deadline.day > day:
            plan: dict[str, Any] = {"step": step, "due": (start + timedelta(days=deadline.day + 1)).isoformat()}
            if deadline.weight is not None:
                plan["weight"] = deadline.weight
            yield ClientEvent(f"{account}-due-{step}", account, "milestone.planned", at, properties=plan)


def _clicks(rows: list[dict[str, str]], start: datetime) -> Iterator[ClientEvent]:
    of_the_day: dict[tuple[str, int], list[tuple[int, dict[str, str]]]] = {}
    for number, row in enumerate(rows, start=1):
        of_the_day.setdefault((row["account_id"], int(row["day"])), []).append((number, row))
    for (_, day), numbered in of_the_day.items():
        morning = start + timedelta(days=day) + MORNING
        for place, (number, row) in enumerate(numbered):
            yield from _row(row, number, morning + WAKING * (place / len(numbered)))


def _row(row: dict[str, str], number: int, at: datetime) -> Iterator[ClientEvent]:
    account, resource = row["account_id"], row["resource_id"]
    if row["event_type"] != SUBMITTED:
        page: dict[str, Any] = {"activity": row["event_type"], "resource": resource}
        if row["clicks"]:
            page["clicks"] = int(row["clicks"])
        yield ClientEvent(f"row-{number}", account, "page.viewed", at, properties=page)
        return
    handed_in: dict[str, Any] = {"resource": resource}
    if row["score"]:
        handed_in["score"] = float(row["score"])
    yield ClientEvent(f"row-{number}", account, "assessment.submitted", at, properties=handed_in)
    yield ClientEvent(f"row-{number}-step", account, "milestone.reached", at, properties={"step": resource})


def _deadline(row: dict[str, str]) -> Deadline:
    weight = row.get("weight")
    return Deadline(float(row["due_day"]), float(weight) if weight else None)


def _enrolments(path: Path) -> Iterator[Enrolment]:
    for row in _rows(path):
        registered, withdrew = row["registered_day"], row["withdrawn_day"]
        yield Enrolment(
            row["account_id"],
            row["outcome"],
            float(registered) if registered else None,
            float(withdrew) if withdrew else None,
        )


def _rows(path: Path) -> Iterator[dict[str, str]]:
    with _text(path) as lines:
        yield from csv.DictReader(lines)


def _text(path: Path) -> TextIO:
    if path.suffix == ".gz":
        return TextIOWrapper(gzip.open(path), newline="")
    return path.open(newline="")


def _midnight(day: str) -> datetime:
    return datetime.fromisoformat(day).replace(tzinfo=UTC)
