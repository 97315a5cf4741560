"""Support tickets of one account, and how entries become them. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Final

from msgspec import Struct

from scoring.api.rendering import named_person
from scoring.health.moments import to_datetime
from scoring.partition.ticket_entries import ANSWERED, OPENED, REOPENED, RESOLVED
from scoring.postgres.snapshot import StoredAccountEntry

_HOUR: Final = 3600.0


class Ticket(Struct, frozen=True, kw_only=True):
    """`subject` is in the customer's words, `by` is who opened it. `severity` is from 0 to 10.

    `hours_to_answer` and `hours_to_resolve` are those that the events say, else those between the events. `opened` is
    null if its event is not known, `resolved` while the ticket is open. `reopened` is when it was opened again last.
    """

    ticket: str
    open: bool
    subject: str | None
    severity: float | None
    by: str | None
    opened: datetime | None
    reopened: datetime | None
    answered: datetime | None
    hours_to_answer: float | None
    resolved: datetime | None
    hours_to_resolve: float | None


class AccountTickets(Struct, frozen=True, kw_only=True):
    """Open ones first: the most severe, then the one that waits longest. After them those that were resolved last.

    `open` counts the open ones. `more` says that there are tickets which are not shown.
    """

    account_id: str
    tickets: tuple[Ticket, ...]
    open: int
    more: bool


class _Known:
    """What the events of one ticket have said so far, in the order of event time."""

    def __init__(self, ticket: str) -> None:
        self.ticket = ticket
        self.subject: str | None = None
        self.severity: float | None = None
        self.by: str | None = None
        self.opened: float | None = None
        self.reopened: float | None = None
        self.answered: float | None = None
        self.hours_to_answer: float | None = None
        self.resolved: float | None = None
        self.hours_to_resolve: float | None = None

    def take(self, entry: StoredAccountEntry) -> None:
        if entry.name in (OPENED, REOPENED):
            self._take_opening(entry)
        elif entry.name == ANSWERED and self.answered is None:
            self.answered, self.hours_to_answer = entry.at, self._hours(entry)
        elif entry.name == RESOLVED:
            self.resolved, self.hours_to_resolve = entry.at, self._hours(entry)

    def _take_opening(self, entry: StoredAccountEntry) -> None:
        if entry.name == OPENED and self.opened is None:
            self.opened = entry.at
        else:
            self.reopened = entry.at
        self.resolved = self.hours_to_resolve = None
        self.subject = entry.words or self.subject
        self.severity = entry.said.get("severity", self.severity)
        self.by = self.by or named_person(entry.person)

    def _hours(self, entry: StoredAccountEntry) -> float | None:
        said: float | None = entry.said.get("hours")
        if said is not None or self.opened is None:
            return said
        return round((entry.at - self.opened) / _HOUR, 1)

    @property
    def order(self) -> tuple[bool, float, float, str]:
        if self.resolved is not None:
            return True, -self.resolved, 0.0, self.ticket
        return False, -(self.severity or 0.0), self.opened or 0.0, self.ticket

    def answer(self) -> Ticket:
        return Ticket(
            ticket=self.ticket,
            open=self.resolved is None,
            subject=self.subject,
            severity=self.severity,
            by=self.by,
            opened=_moment(self.opened),
            reopened=_moment(self.reopened),
            answered=_moment(self.answered),
            hours_to_answer=self.hours_to_answer,
            resolved=_moment(self.resolved),
            hours_to_resolve=self.hours_to_resolve,
        )


def tickets_of(account_id: str, entries: Sequence[StoredAccountEntry], *, limit: int, more: bool) -> AccountTickets:
    """Of entries with the newest first, by event time. `more` says that there are older ones."""
    known: dict[str, _Known] = {}
    for entry in reversed(entries):
        ticket = entry.said["ticket"]
        known.setdefault(ticket, _Known(ticket)).take(entry)
    found = sorted(known.values(), key=lambda one: one.order)
    return AccountTickets(
        account_id=account_id,
        tickets=tuple(one.answer() for one in found[:limit]),
        open=_open(found),
        more=more or len(found) > limit,
    )


def _open(tickets: Iterable[_Known]) -> int:
    return sum(one.resolved is None for one in tickets)


def _moment(at: float | None) -> datetime | None:
    return None if at is None else to_datetime(at)
