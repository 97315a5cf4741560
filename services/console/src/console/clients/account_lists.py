"""What scoring lists of one account: people, entries and tickets. Moments are UTC."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct


class PersonListed(Struct, frozen=True):
    """`last_seen` is the day of their last event, `left_on` the day on which they left."""

    user_id: str
    last_seen: date
    name: str | None
    email: str | None
    role: str | None
    champion: bool
    left_on: date | None


class PeopleAnswer(Struct, frozen=True):
    people: tuple[PersonListed, ...]
    next_cursor: str | None


class EntryRow(Struct, frozen=True, kw_only=True):
    """A fact, a contract's event, a milestone or an answer with its words. `retracted_at` if somebody took it back."""

    name: str
    at: datetime
    known_at: datetime
    person: str | None
    said: Mapping[str, Any]
    words: str | None = None
    retracted_at: datetime | None


class TicketRow(Struct, frozen=True, kw_only=True):
    """A support ticket as its events leave it. `opened` is None if that event is not known."""

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


class TicketsAnswer(Struct, frozen=True):
    """The open ones first, which `open` counts. `more` says that there are others."""

    tickets: tuple[TicketRow, ...]
    open: int
    more: bool


class EntriesAnswer(Struct, frozen=True):
    entries: tuple[EntryRow, ...]
    next_cursor: str | None
