"""A course by day (clicks, submissions, deadlines, withdrawals) as events. Pure.

A student is an account, a withdrawal a decision to leave. Rows are by day: a day's rows of one account are spread over
its waking hours in the order of the file, and numbered, so that rows that look alike stay two events.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from msgspec import Struct

from common.contracts.events import Event

SOURCE = "course"
SUBMITTED = "assessment_submitted"
MORNING = timedelta(hours=8)
WAKING = timedelta(hours=14)


class CourseEnrolment(Struct, frozen=True):
    """Days count from the start of the course; `withdrew` is None for whoever stayed.

    `outcome` is any word, empty if nobody says one.
    """

    account_id: str
    registered: float | None
    withdrew: float | None
    outcome: str = ""

    def joined(self, opens: float) -> float:
        """The day from which silence says something: nobody can come before the pages open.

        Without a known day of registration it is the start of the course, day 0.
        """
        return max(opens, self.registered if self.registered is not None else 0.0)

    def took_part(self, opens: float) -> bool:
        """Whoever withdrew before there was anything to see never was an account."""
        return self.withdrew is None or self.withdrew > self.joined(opens)


class CourseDeadline(Struct, frozen=True):
    """`day` is the last on which to hand in, from the start; `weight` its share of the grade, None if unknown."""

    step: str
    day: float
    weight: float | None


class CourseRow(Struct, frozen=True, gc=False):
    """What an account did on a day, counted from the start of the course; `number` is that of the row, from 1."""

    number: int
    account_id: str
    day: int
    kind: str
    resource: str
    clicks: int | None
    score: float | None


class Course(Struct, frozen=True):
    """`start` is the midnight (UTC) of day 0; `opens` and `closes` are the first and the last day with a row.

    A resource has one of the `deadlines` at most.
    """

    start: datetime
    opens: int
    closes: int
    rows: tuple[CourseRow, ...]
    enrolments: tuple[CourseEnrolment, ...]
    deadlines: tuple[CourseDeadline, ...]

    def moment(self, day: float) -> datetime:
        """The beginning (UTC) of a day of the course."""
        return self.start + timedelta(days=day)

    def participants(self) -> list[CourseEnrolment]:
        return [enrolment for enrolment in self.enrolments if enrolment.took_part(self.opens)]

    def events(self) -> Iterator[Event]:
        """Registrations, then what was done by account and day. Of one account those of one moment are in order."""
        # Registrations come first, because they come before what is done on the same day.
        for enrolment in self.participants():
            yield from self._registration(enrolment)
        of_the_day: dict[tuple[str, int], list[CourseRow]] = {}
        for row in self.rows:
            of_the_day.setdefault((row.account_id, row.day), []).append(row)
        for (_, day), group in of_the_day.items():
            morning = self.moment(day) + MORNING
            for place, row in enumerate(group):
                yield from _row_events(row, morning + WAKING * (place / len(group)))

    def _registration(self, enrolment: CourseEnrolment) -> Iterator[Event]:
        """The account, and the deadlines that are still ahead of it."""
        account, day = enrolment.account_id, enrolment.joined(self.opens)
        at = self.moment(day)
        yield _event(f"{account}-joined", account, "account.updated", at, {"stage": "adoption"})
        for deadline in self.deadlines:
            if deadline.day > day:
                # The day of a deadline still counts: it is over at midnight.
                due = self.moment(deadline.day + 1).isoformat()
                plan: dict[str, Any] = {"step": deadline.step, "due": due}
                if deadline.weight is not None:
                    plan["weight"] = deadline.weight
                yield _event(f"{account}-due-{deadline.step}", account, "milestone.planned", at, plan)


def _row_events(row: CourseRow, at: datetime) -> Iterator[Event]:
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
