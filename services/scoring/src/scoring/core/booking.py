"""Keeping an account's ledgers: every step of its score goes into the change since the last band and into the day."""

from common.contracts.events import Event
from common.contracts.signals import Change, Driver, Level, Signal
from scoring.core import receipt
from scoring.core.account import Account, closed
from scoring.core.ledger import TOLERANCE, DayLedger, Ledger, Names, off_by, split
from scoring.core.moments import utc_day
from scoring.core.sight import Sight
from scoring.core.view import Day, Step


class ReceiptMismatch(AssertionError):
    """Parts that do not add up to what they explain: a bug, never the data."""


class Draft:
    """A step in the making."""

    def __init__(self) -> None:
        self.signals: list[Signal] = []
        self.days: list[Day] = []
        self.mismatches = 0

    def step(self) -> Step:
        return Step(tuple(self.signals), tuple(self.days), self.mismatches)


class Books:
    """`strict` raises ReceiptMismatch where a receipt does not add up; otherwise the step counts it."""

    def __init__(self, names: Names, *, strict: bool) -> None:
        self._names = names
        self._strict = strict

    def open(self, account: Account, sight: Sight) -> None:
        """The first look is where all ledgers begin."""
        account.record.change = _begin(sight)
        account.record.day = DayLedger(utc_day(sight.at), _begin(sight))

    def silence(self, account: Account, *, before: Sight, after: Sight, draft: Draft) -> None:
        self._turn_day(account, before=before, after=after, draft=draft)
        self._book(account, before=before, after=after, driver=Driver.SILENCE, draft=draft)

    def event(self, account: Account, event: Event, *, before: Sight, after: Sight, draft: Draft) -> None:
        """`before` is the moment of the event too."""
        self._book(account, before=before, after=after, driver=Driver.EVENT, draft=draft)
        for ledger in _ledgers(account):
            ledger.note(event, points=after.score - before.score)

    def begin_change(self, account: Account, sight: Sight) -> None:
        account.record.change = _begin(sight)

    def change(self, account: Account, *, before: Sight, after: Sight) -> Change:
        """The change so far and, if time passed between the two, what silence did in it; nothing is booked."""
        ledger = account.record.change
        if ledger is None:
            raise ValueError(f"no record of {account.account_id} has come yet")
        if after is not before:
            ledger = ledger.copy()
            parts = split(before, after, driver=Driver.SILENCE, names=self._names)
            ledger.book(parts, after=after.score)
        return ledger.change()

    def check_level(self, level: Level, draft: Draft) -> None:
        self._check(receipt.off_by(level), draft)

    def _book(self, account: Account, *, before: Sight, after: Sight, driver: Driver, draft: Draft) -> None:
        parts = split(before, after, driver=driver, names=self._names)
        self._check(off_by(parts, before.score, after.score), draft)
        for ledger in _ledgers(account):
            ledger.book(parts, after=after.score)

    def _turn_day(self, account: Account, *, before: Sight, after: Sight, draft: Draft) -> None:
        """The silence of a night belongs to the day on which it is seen."""
        day, today = account.record.day, utc_day(after.at)
        if day is not None and today > day.day:
            self._check(day.ledger.off_by(), draft)
            draft.days.append(closed(day, account.account_id))
            account.record.day = DayLedger(today, _begin(before))

    def _check(self, off: float, draft: Draft) -> None:
        if off <= TOLERANCE:
            return
        if self._strict:
            raise ReceiptMismatch(f"a receipt is off by {off}")
        draft.mismatches += 1


def _begin(sight: Sight) -> Ledger:
    return Ledger(since=sight.at, before=sight.score, after=sight.score)


def _ledgers(account: Account) -> list[Ledger]:
    change, day = account.record.change, account.record.day
    return [change, day.ledger] if change is not None and day is not None else []
