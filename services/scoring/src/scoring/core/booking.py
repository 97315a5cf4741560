"""Keeping an account's ledgers: every step of its score goes into the change since the last band and into the day.

As long as no weight moves and no cap comes or goes, what silence does to a metric adds up by itself: it is booked when
the metric is fed, or when somebody asks. So does what a cap costs. Only what an event feeds is touched at that event.
"""

from collections.abc import Sequence

from common.contracts.events import Event
from common.contracts.signals import Change, Driver, Level, Signal
from scoring.core import receipt
from scoring.core.account import Account, closed
from scoring.core.ledger import DRIFT, TOLERANCE, DayLedger, Ledger, Move, Moved, Names, off_by, split
from scoring.core.moments import utc_day
from scoring.core.sight import Course, Sight
from scoring.core.view import Day, Step
from scoring.core.weights import Weights


class ReceiptMismatch(AssertionError):
    """Parts that do not add up to what they explain: a bug, never the data."""


NOTHING = Step()
_SILENCE, _EVENT = Driver.SILENCE.value, Driver.EVENT.value


class Draft:
    """A step in the making."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self.days: list[Day] = []
        self.mismatches = 0

    def step(self) -> Step:
        return Step(tuple(self.signals), tuple(self.days), self.mismatches)


def is_plain(booked: Sight, *others: Sight) -> bool:
    """Whether all moved by their points alone: the same weights, and the same cap or none."""
    weights, cap = booked.weights, booked.capped_by
    return all(one.capped_by == cap and one.weights == weights for one in others)


class Books:
    """`strict` raises ReceiptMismatch where a receipt does not add up; otherwise the step counts it."""

    def __init__(self, names: Names, *, strict: bool) -> None:
        self._names = names
        self._strict = strict

    def known(self, account: Account, course: Course) -> Sight:
        """Health as the ledgers know it; `course` is the one since the last event."""
        name, cost = account.record.cap or ("", 0.0)
        # Of a flag that the card has no longer only the cost is left.
        capped_by = self._names.flags.index(name) if name in self._names.flags else None
        return course.sight_of(account.booked.copy(), account.clock, capped_by=capped_by, cost=cost)

    def note_booked(self, account: Account, sight: Sight) -> None:
        """All is booked up to here."""
        account.booked = sight.metrics.points.copy()
        cap = sight.capped_by
        account.record.cap = None if cap is None else (self._names.flags[cap], sight.score - sight.mean)

    def open(self, account: Account, sight: Sight) -> None:
        """The first look is where all ledgers begin."""
        self.note_booked(account, sight)
        account.record.change = _begin(sight)
        account.record.day = DayLedger(utc_day(sight.at), _begin(sight))

    def silence(self, account: Account, *, booked: Sight, after: Sight, draft: Draft) -> None:
        """All that silence did until `after`."""
        self._book(account, booked=booked, after=after, driver=Driver.SILENCE, draft=draft)

    def event(self, account: Account, event: Event, *, before: Sight, after: Sight, draft: Draft) -> None:
        """`before` is the moment of the event too, and all is booked until then."""
        self._book(account, booked=before, after=after, driver=Driver.EVENT, draft=draft)
        for ledger in _ledgers(account):
            ledger.note(event, points=after.score - before.score)

    def fed(self, account: Account, event: Event, *, moves: Sequence[Move], weights: Weights, capped: bool) -> None:
        """An event that moved nothing but the points of these metrics, and under a cap not even the score."""
        change, day = account.record.change, account.record.day
        if change is None or day is None:
            raise ValueError(f"no record of {account.account_id} has come yet")
        names, total = self._names.metrics, 0.0
        books = (change.sums(_SILENCE), change.sums(_EVENT)), (day.ledger.sums(_SILENCE), day.ledger.sums(_EVENT))
        for index, booked, before, after in moves:
            if booked is None or before is None or after is None:
                continue
            account.booked[index] = after
            weight, name = weights.values[index], names[index]
            waned, gained = weight * (before - booked), weight * (after - before)
            total += gained
            for silence, events in books:
                silence[name] = silence.get(name, 0.0) + waned
                events[name] = events.get(name, 0.0) + gained
        if not capped:
            change.note(event, points=total)
            day.ledger.note(event, points=total)

    def turn_day(self, account: Account, *, booked: Sight, before: Sight, after: Sight, draft: Draft) -> bool:
        """Closes the day of `before`, the account's clock, if `after` is of another one, and books all until then.

        The silence of a night belongs to the day on which it is seen.
        """
        day, today = account.record.day, utc_day(after.at)
        if day is None or today <= day.day:
            return False
        self.silence(account, booked=booked, after=before, draft=draft)
        self._check(day.ledger.off_by() - DRIFT, draft)
        draft.days.append(closed(day, account.account_id))
        account.record.day = DayLedger(today, _begin(before))
        self.silence(account, booked=before, after=after, draft=draft)
        return True

    def begin_change(self, account: Account, sight: Sight) -> None:
        account.record.change = _begin(sight)

    def change(self, account: Account, *, booked: Sight, after: Sight) -> Change:
        """The change so far with all that silence did until `after`; nothing is booked."""
        ledger = account.record.change
        if ledger is None:
            raise ValueError(f"no record of {account.account_id} has come yet")
        return self._so_far(account, ledger, booked, after).change()

    def today(self, account: Account, *, booked: Sight, after: Sight) -> Day | None:
        """The day that is not closed yet, up to `after`; nothing is booked."""
        day = account.record.day
        if day is None:
            return None
        return closed(DayLedger(day.day, self._so_far(account, day.ledger, booked, after)), account.account_id)

    def _so_far(self, account: Account, ledger: Ledger, booked: Sight, after: Sight) -> Ledger:
        ledger = ledger.copy()
        ledger.book(self._parts(account, booked, after, Driver.SILENCE), after=after.score)
        return ledger

    def check_level(self, level: Level, draft: Draft) -> None:
        self._check(receipt.off_by(level), draft)

    def _book(self, account: Account, *, booked: Sight, after: Sight, driver: Driver, draft: Draft) -> None:
        parts = self._parts(account, booked, after, driver)
        self._check(off_by(parts, booked.score, after.score), draft)
        self.note_booked(account, after)
        for ledger in _ledgers(account):
            ledger.book(parts, after=after.score)

    def _parts(self, account: Account, booked: Sight, after: Sight, driver: Driver) -> list[Moved]:
        parts = split(booked, after, driver=driver, names=self._names)
        name, cost = account.record.cap or ("", 0.0)
        if cost and name not in self._names.flags:
            parts.append(Moved(Driver.CAP, name, -cost))  # what a flag of an older card took comes back
        return parts

    def _check(self, off: float, draft: Draft) -> None:
        if off <= TOLERANCE:
            return
        if self._strict:
            raise ReceiptMismatch(f"a receipt is off by {off}")
        draft.mismatches += 1


def _begin(sight: Sight) -> Ledger:
    return Ledger(since=sight.at, before=sight.score, after=sight.score)


def _ledgers(account: Account) -> tuple[Ledger, ...]:
    change, day = account.record.change, account.record.day
    return (change, day.ledger) if change is not None and day is not None else ()
