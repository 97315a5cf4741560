"""Terms of contracts, and what customers decided about them: pure, one account at a time."""

from collections.abc import Iterable
from enum import IntEnum
from typing import Final, NamedTuple

STARTED, CHANGED, RENEWED, ENDED = "contract.started", "contract.changed", "contract.renewed", "contract.ended"
# A renewal that is posted this soon after another one, and has no new date, is the same decision.
SAME_DECISION_DAYS: Final = 90


class TermOutcome(IntEnum):
    """What a customer decided about a term."""

    OPEN = 0
    RENEWED = 1
    LOST = 2


class TermChange(NamedTuple):
    """What one entry says of a contract, on `day` (whole days since the epoch).

    `name` is the contract event's, None for a fact that was posted. `end` is the day on which the contract ends now.
    `sets_end` if the entry says it, also that there is none.
    """

    day: int
    name: str | None
    sets_end: bool
    end: int | None


class Term(NamedTuple):
    """A term up for decision on day `due`, decided on day `decided` (None while it is open)."""

    due: int
    decided: int | None
    outcome: TermOutcome


def terms_of(changes: Iterable[TermChange]) -> list[Term]:
    """The terms of one account, from its changes by event time.

    A term is renewed by `contract.renewed`, or by a later end from whichever event or fact; `contract.ended` loses it.
    An earlier end is a correction. Systems post the same end every night: a fact that repeats it says nothing. A
    decision about a term whose end nobody knows is due on the day it is made.
    """
    contract = _Contract()
    for change in changes:
        if change.name == ENDED:
            contract.lose(change)
        elif contract.is_lost:
            contract.begin_anew(change)
        else:
            contract.go_on(change)
    return contract.all_terms()


class _Contract:
    """`end` is the end of the present term, `is_open` while nothing is decided about it."""

    def __init__(self) -> None:
        self.is_lost = False
        self._terms: list[Term] = []
        self._end: int | None = None
        self._is_open = False
        self._renewed_on: int | None = None
        # What a new contract has to end after, once this one is lost.
        self._over = 0

    def lose(self, change: TermChange) -> None:
        if not self.is_lost:
            # Whoever leaves before the end decides about the term now, not on its last day.
            due = min(self._end, change.day) if self._end is not None and self._is_open else change.day
            self._terms.append(Term(due, change.day, TermOutcome.LOST))
            self._over = change.day if self._end is None else self._end
        self.is_lost, self._end, self._is_open, self._renewed_on = True, None, False, None

    def begin_anew(self, change: TermChange) -> None:
        """Whoever has left comes back with a new contract, or a fact says a later end than that of the lost one."""
        if change.name in (STARTED, RENEWED) or (change.end is not None and change.end > self._over):
            self.is_lost, self._end, self._is_open = False, change.end, change.end is not None

    def go_on(self, change: TermChange) -> None:
        due = self._decides_about(change)
        if due is not None:
            self._terms.append(Term(due, change.day, TermOutcome.RENEWED))
            self._renewed_on, self._is_open = change.day, False
        if change.sets_end and (change.end != self._end or change.name in (STARTED, RENEWED)):
            self._end, self._is_open = change.end, change.end is not None

    def all_terms(self) -> list[Term]:
        if self._is_open and self._end is not None:
            return [*self._terms, Term(self._end, None, TermOutcome.OPEN)]
        return self._terms

    def _decides_about(self, change: TermChange) -> int | None:
        """The day on which the term that this renews is due; None if it renews none."""
        end, renewed_on = self._end, self._renewed_on
        if self._is_open and end is not None and change.end is not None and change.end > end:
            return end
        # A later end without the event, after a renewal without a date, belongs to that renewal.
        if change.name != RENEWED:
            return None
        if renewed_on is not None and change.day - renewed_on <= SAME_DECISION_DAYS:
            return None
        if change.sets_end and change.end == end:
            # The end was posted before the event: that has renewed the term already, if it was a later one.
            return change.day if renewed_on is None else None
        return end if self._is_open and end is not None else change.day
