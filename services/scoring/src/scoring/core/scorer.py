"""The heart: what a record, or time alone, does to an account.

Accounts are changed in place for speed; all else is a function of its arguments. Nothing here reads a clock.
"""


from common.contracts.events import Event
from common.contracts.signals import Health
from scoring.core import looking
from scoring.core.account import Account, Record, decode
from scoring.core.booking import Books, Draft
from scoring.core.card import Card
from scoring.core.plan import Plan
from scoring.core.standing import Trigger
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
            level=self._level(account, sight),
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
        trigger = Trigger((event.source, event.event_id), history=event.history, first=True)
        self._settle(account, trigger, event=event, earlier=None, redrawn=True, draft=draft)

    def _hear(self, account: Account, event: Event, at: float, draft: Draft) -> None:
        earlier = self._health(account)
        before = self._wait(account, at, draft)
        if account.due is not None and account.due - at < 1.0:
            # Between two seconds silence may have crossed a line already: then it was not the event.
            trigger = Trigger(ids.silence(account.due))
            self._settle(account, trigger, earlier=earlier, draft=draft)
        redrawn = feed(account, event, at=at, plan=self._plan)
        if redrawn:
            after = self._see(account, at)
            self._books.event(account, event, before=before, after=after, draft=draft)
        trigger = Trigger((event.source, event.event_id), history=event.history, before=before)
        self._settle(account, trigger, event=event, earlier=earlier, redrawn=redrawn, draft=draft)

    def _advance(self, account: Account, to: float, draft: Draft) -> None:
        while account.due is not None and account.due <= to:
            self._fire(account, account.due, draft)

    def _fire(self, account: Account, due: int, draft: Draft) -> None:
        course, standing = course_of(account, self._plan), account.record.standing
        if not differs(standing, course.sight(due), course=course, flags=self._plan.flags):
            # A timer that finds nothing is set again and leaves no trace.
            account.due = self._next(account, due)
            return
        earlier = self._health(account)
        self._wait(account, float(due), draft)
        self._settle(account, Trigger(ids.silence(due)), earlier=earlier, draft=draft)

    def _see(self, account: Account, at: float) -> Sight:
        account.sight = course_of(account, self._plan).sight(at)
        account.record.clock = at
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
        event: Event | None = None,
        redrawn: bool = False,
    ) -> None:
        """Moves the standing on, tells what is news, and finds the next moment at which anything changes."""
        course, sight, standing = course_of(account, self._plan), sight_of(account, self._plan), account.record.standing
        flags = self._plan.flags
        moved = differs(standing, sight, course=course, flags=flags)
        news = settle(standing, sight, course=course, flags=flags, trigger=trigger) if moved else []
        if moved or redrawn:
            account.due = self._next(account, account.clock)
        outcomes = () if event is None else self._plan.reaction(event.name).outcomes
        if news or outcomes:
            self._tell(account, in_order(news, outcomes, ...), earlier=earlier, draft=draft)
