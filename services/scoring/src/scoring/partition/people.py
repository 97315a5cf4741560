"""What a run says of people: one row for each person, and only where it may say something new."""

from collections.abc import Iterable
from datetime import datetime
from typing import Final

from common.contracts.events import Event
from scoring.health.moments import DAY, LAST, to_datetime
from scoring.health.overrides import OVERRIDDEN
from scoring.health.people import CHAMPION_LEFT, PEOPLE_EVENTS, can_be_person, said_of_person
from scoring.partition.commit import PersonRow

# Days of people that are known to be stored, of one partition.
LIMIT: Final = 50_000


class WrittenDays:
    """Which days of which people are in the table already: it saves statements, and never decides what they write."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._hashes: set[int] = set()

    def __len__(self) -> int:
        return len(self._hashes)

    def has(self, account_id: str, user_id: str, day: int) -> bool:
        return hash((account_id, user_id, day)) in self._hashes

    def clear(self) -> None:
        """Forgets all: their rows come again."""
        self._hashes.clear()

    def extend(self, rows: Iterable[PersonRow]) -> None:
        """Adds those that a commit has written. When they are too many, all are forgotten: their rows come again."""
        for row in rows:
            if len(self._hashes) >= self._limit:
                self._hashes.clear()
            self._hashes.add(hash((row.account_id, row.user_id, row.last_seen)))


class PeopleChanges:
    """What the counted events of one run say of people."""

    def __init__(self, written: WrittenDays) -> None:
        self._written = written
        self._rows: dict[tuple[str, str], PersonRow] = {}
        # By account and user: until then nothing is new but what describes the person.
        self._known_until: dict[str, dict[str, datetime]] = {}

    def note(self, event: Event, user_id: str, at: float) -> None:
        """An event of this person that was counted; `at` is its record time in seconds."""
        # A colleague of ours set a band.
        if event.name == OVERRIDDEN:
            return
        users = self._known_until.get(event.account_id)
        if users is None:
            users = self._known_until[event.account_id] = {}
        until = users.get(user_id)
        # Nearly all events are of somebody who was seen on that day.
        if until is not None and event.time < until and event.name not in PEOPLE_EVENTS:
            return
        self._note(event, user_id, at)
        day = int(min(event.time.timestamp(), at) // DAY)
        until = to_datetime(min((day + 1) * DAY, LAST))
        users[user_id] = max(until, users.get(user_id, until))

    def _note(self, event: Event, user_id: str, at: float) -> None:
        moment = min(event.time.timestamp(), at)
        day, key = int(moment // DAY), (event.account_id, user_id)
        row = self._rows.get(key)
        describes = event.name in PEOPLE_EVENTS
        if row is None:
            if not describes and self._written.has(event.account_id, user_id, day):
                return
            if not can_be_person(user_id):
                return
            row = self._rows[key] = PersonRow(event.account_id, user_id, day)
        elif day > row.last_seen:
            row.last_seen = day
        if not describes:
            return
        for field, value in said_of_person(event).items():
            before = row.said.get(field)
            if before is None or before[1] <= moment:
                row.said[field] = (value, moment)
        if event.name == CHAMPION_LEFT:
            row.left_on = max(row.left_on, day)

    def rows(self) -> tuple[PersonRow, ...]:
        """Sorted: transactions that lock rows of people lock them in one order."""
        return tuple([self._rows[key] for key in sorted(self._rows)])
