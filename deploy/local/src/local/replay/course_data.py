"""A course as a replay posts it: the events that scoring's reader makes, by time, and when accounts came and left."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from local.replay.evaluation import AccountLifetime
from local.replay.ingest_client import ClientEvent
from scoring.backtest.recordings.course import Course
from scoring.backtest.recordings.course_files import read_course


@dataclass(frozen=True)
class CourseData:
    """`events` are in time order. The first day of the events file begins at `opens`, the last ends at `end` (UTC)."""

    course: Course
    events: tuple[ClientEvent, ...]

    @property
    def opens(self) -> datetime:
        return self.course.moment(self.course.opens)

    @property
    def end(self) -> datetime:
        return self.course.moment(self.course.closes + 1)

    def lifetimes(self) -> list[AccountLifetime]:
        """Of all who took part."""
        course = self.course
        return [
            AccountLifetime(
                account_id=enrolment.account_id,
                outcome=enrolment.outcome or "no outcome told",
                since=course.moment(enrolment.joined(course.opens)),
                until=self.end if enrolment.withdrew is None else course.moment(enrolment.withdrew),
                left=enrolment.withdrew is not None,
            )
            for enrolment in course.participants()
        ]


def read(events: Path, outcomes: Path, deadlines: Path) -> CourseData:
    """Raises `InvalidRecording`."""
    course = read_course(events, deadlines=deadlines, outcomes=outcomes)
    posted = [
        ClientEvent(event.event_id, event.account_id, event.name, event.time, properties=event.properties)
        for event in course.events()
    ]
    return CourseData(course, tuple(sorted(posted, key=lambda event: event.time)))
