"""The heart: what a record, or time alone, does to an account.

Accounts are changed in place for speed; all else is a function of its arguments. Nothing here reads a clock.
"""

from common.contracts import ids
from common.contracts.events import Event
from common.contracts.signals import Forecast, Health, Kind, Receipt
from scoring.core import looking, receipt
from scoring.core.account import Account, Record, decode
from scoring.core.booking import Books, Draft
from scoring.core.card import Card
from scoring.core.forecast import due_after, forecast
from scoring.core.keeping import assembled, course_of, feed, sight_of
from scoring.core.plan import Plan
from scoring.core.sight import Sight
from scoring.core.signals import Telling, told
from scoring.core.standing import News, Trigger, differs, settle
from scoring.core.view import Step, View


class Scorer:
    """A card, ready to run. Immutable: one serves any number of accounts."""

    def __init__(self, card: Card, card_id: str, *, strict: bool = True) -> None:
        self.card = card
        self.card_id = card_id
        self._plan = Plan(card)
        self._books = Books(self._plan.names, strict=strict)
        self._caps = {flag.name: flag.cap for flag in card.flags}

    def create(self, account_id: str) -> Account:
        """Nothing is known of it, no record has come yet."""
        return assembled(account_id, Record(), parts={}, due=None, plan=self._plan)

    def load(self, account_id: str, body: bytes, due: int | None) -> Account:
        """Raises UnknownFormat. Parts of metrics that the card does not have are left behind."""
        record, parts = decode(body)
        return assembled(account_id, record, parts=parts, due=due, plan=self._plan)

    def advance(self, account: Account, to: float) -> Step:
        """Every timer that is due by `to` fires, each at its own moment."""
        draft = Draft()
        self._advance(account, to, draft)
        return draft.step()

    def apply(self, account: Account, event: Event, at: float) -> Step:
        """An event with the time of its record: first the silence until then, then what it did."""
        draft, at = Draft(), max(float(at), account.clock)
        if account.record.born is None:
            self._meet(account, event, at, draft)
        else:
            self._advance(account, at, draft)
            self._hear(account, event, at, draft)
        return draft.step()

    def health(self, account: Account, at: float) -> Health:
        """What `look` says of health, for less."""
        account = self._played(account, at)
        course = course_of(account, self._plan)
        return looking.health(account.record.standing, course.sight(max(at, account.clock)), course)

    def look(self, account: Account, at: float) -> View:
        """How the account reads at `at`, not before its clock, if it was silent since. It stays as it is."""
        account = self._played(account, at)
        sight = course_of(account, self._plan).sight(max(at, account.clock))
        return looking.view(
            account,
            sight,
            plan=self._plan,
            level=receipt.level(account, sight, plan=self._plan),
            change=self._books.change(account, before=sight_of(account, self._plan), after=sight),
            forecast=self._forecast(account),
        )

    def _played(self, account: Account, at: float) -> Account:
        """The account at `at`: itself, or a copy if timers must fire until then."""
        if account.due is None or account.due > at:
            return account
        copy = self.load(account.account_id, account.encode(), account.due)
        self._advance(copy, at, Draft())
        return copy

    def _meet(self, account: Account, event: Event, at: float, draft: Draft) -> None:
        """The first record: nothing was before it, so nothing moved."""
        feed(account, event, at=at, plan=self._plan)
        sight = self._see(account, at)
        self._books.open(account, sight)
        trigger = self._trigger(event, before=None)
        self._settle(account, trigger, earlier=None, redrawn=True, draft=draft)

    def _hear(self, account: Account, event: Event, at: float, draft: Draft) -> None:
        earlier = self._health(account)
        before = self._wait(account, at, draft)
        if account.due is not None and account.due - at < 1.0:
            # Between two seconds silence may have crossed a line already: then it was not the event.
            trigger = Trigger(ids.silence(account.due))
            self._settle(account, trigger, earlier=earlier, draft=draft)
        redrawn = feed(account, event, at=at, plan=self._plan)
        if redrawn:
            after = self._see_again(account, event, before)
            self._books.event(account, event, before=before, after=after, draft=draft)
        trigger = self._trigger(event, before=before)
        self._settle(account, trigger, earlier=earlier, redrawn=redrawn, draft=draft)

    def _trigger(self, event: Event, *, before: Sight | None) -> Trigger:
        return Trigger(
            (event.source, event.event_id),
            history=event.history,
            before=before,
            first=before is None,
            outcomes=self._plan.reaction(event.name).outcomes,
        )

    def _advance(self, account: Account, to: float, draft: Draft) -> None:
        while account.due is not None and account.due <= to:
            self._fire(account, account.due, draft)

    def _fire(self, account: Account, due: int, draft: Draft) -> None:
        course, standing = course_of(account, self._plan), account.record.standing
        sight = course.sight(max(float(due), account.clock))
        if not differs(standing, sight, course=course, flags=self._plan.flags):
            # A timer that finds nothing is set again and leaves no trace.
            account.due = self._next(account, sight)
            return
        earlier = self._health(account)
        self._wait(account, float(due), draft)
        self._settle(account, Trigger(ids.silence(due)), earlier=earlier, draft=draft)

    def _see(self, account: Account, at: float) -> Sight:
        account.sight = course_of(account, self._plan).sight(at)
        account.record.clock = at
        return account.sight

    def _see_again(self, account: Account, event: Event, before: Sight) -> Sight:
        """Health right after an event; what it did not feed is as it was."""
        if account.course is None:
            return self._see(account, before.at)
        reaction = self._plan.reaction(event.name)
        account.sight = account.course.sight_again(before, paths=reaction.paths, caps=reaction.caps)
        return account.sight

    def _wait(self, account: Account, at: float, draft: Draft) -> Sight:
        """Lets time pass until `at` and books what silence did."""
        before = sight_of(account, self._plan)
        if at <= account.clock:
            return before
        after = self._see(account, at)
        self._books.silence(account, before=before, after=after, draft=draft)
        return after

    def _settle(
        self,
        account: Account,
        trigger: Trigger,
        *,
        earlier: Health | None,
        draft: Draft,
        redrawn: bool = False,
    ) -> None:
        """Moves the standing on, finds the next moment at which anything changes, and tells what is news."""
        course, sight = course_of(account, self._plan), sight_of(account, self._plan)
        standing, flags = account.record.standing, self._plan.flags
        moved = differs(standing, sight, course=course, flags=flags)
        news: list[News] = []
        if moved or trigger.outcomes:
            news = settle(standing, sight, course=course, flags=flags, trigger=trigger)
        if moved or redrawn:
            account.due = self._next(account, sight)
        loud = [item for item in news if not item.quiet]
        if loud:
            self._tell(account, loud, earlier=earlier, draft=draft)

    def _tell(self, account: Account, news: list[News], *, earlier: Health | None, draft: Draft) -> None:
        sight = sight_of(account, self._plan)
        level = receipt.level(account, sight, plan=self._plan)
        self._books.check_level(level, draft)
        telling = Telling(
            account_id=account.account_id,
            card_id=self.card_id,
            at=account.clock,
            before=earlier,
            after=self._health(account),
            receipt=Receipt(level, self._books.change(account, before=sight, after=sight)),
            facts=account.facts,
            forecast=self._forecast(account),
        )
        standing = account.record.standing
        draft.signals += [told(item, telling=telling, standing=standing, caps=self._caps) for item in news]
        if any(item.kind is Kind.BAND for item in news):
            self._books.begin_change(account, sight)

    def _health(self, account: Account) -> Health:
        course, sight = course_of(account, self._plan), sight_of(account, self._plan)
        return looking.health(account.record.standing, sight, course)

    def _next(self, account: Account, sight: Sight) -> int | None:
        course, standing = course_of(account, self._plan), account.record.standing
        return due_after(sight, course=course, standing=standing, flags=self._plan.flags)

    def _forecast(self, account: Account) -> Forecast | None:
        course, standing = course_of(account, self._plan), account.record.standing
        return forecast(account.due, course=course, standing=standing, flags=self._plan.flags)
