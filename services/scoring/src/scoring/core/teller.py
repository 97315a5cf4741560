"""What is news of an account: its standing is moved on, all that led there is booked, and signals are made."""

from common.contracts.signals import Forecast, Health, Kind, Receipt
from scoring.core import looking, receipt
from scoring.core.account import Account
from scoring.core.booking import Books, Draft
from scoring.core.forecast import due_after, forecast
from scoring.core.keeping import course_of, sight_of
from scoring.core.plan import Plan
from scoring.core.sight import Sight
from scoring.core.signals import Telling, told
from scoring.core.standing import News, Trigger, differs, settle


class Teller:
    def __init__(self, plan: Plan, books: Books, *, card_id: str) -> None:
        self._plan = plan
        self._books = books
        self._card_id = card_id
        self._caps = {flag.name: flag.cap for flag in plan.card.flags}

    def settle(
        self,
        account: Account,
        trigger: Trigger,
        *,
        earlier: Health | None,
        draft: Draft,
        booked: Sight | None = None,
        redrawn: bool = False,
    ) -> bool:
        """Moves the standing on and tells what is news; says whether there was any.

        `booked` is what the ledgers know, if that is not what they know at the account's clock.
        """
        course, sight = course_of(account, self._plan), sight_of(account, self._plan)
        standing, flags = account.record.standing, self._plan.flags
        moved = differs(standing, sight, course=course, flags=flags)
        news: list[News] = []
        if moved or trigger.outcomes:
            news = settle(standing, sight, course=course, flags=flags, trigger=trigger)
        if moved or redrawn:
            account.due_moves(self.due)
        loud = [item for item in news if not item.quiet]
        if loud:
            self._books.silence(account, booked=booked or self._books.known(account, course), after=sight, draft=draft)
            self._tell(account, loud, earlier=earlier, draft=draft)
        return bool(loud)

    def _tell(self, account: Account, news: list[News], *, earlier: Health | None, draft: Draft) -> None:
        """All is booked."""
        sight, course = sight_of(account, self._plan), course_of(account, self._plan)
        level = receipt.level(account, sight, plan=self._plan)
        self._books.check_level(level, draft)
        telling = Telling(
            account_id=account.account_id,
            card_id=self._card_id,
            at=account.clock,
            before=earlier,
            after=looking.health(account.record.standing, sight, course),
            receipt=Receipt(level, self._books.change(account, booked=sight, after=sight)),
            facts=account.facts,
            forecast=self.forecast(account),
        )
        standing = account.record.standing
        draft.signals += [told(item, telling=telling, standing=standing, caps=self._caps) for item in news]
        if any(item.kind is Kind.BAND for item in news):
            self._books.begin_change(account, sight)

    def due(self, account: Account) -> int | None:
        """The next whole second at which silence would move its standing."""
        course, sight = course_of(account, self._plan), sight_of(account, self._plan)
        return due_after(sight, course=course, standing=account.record.standing, flags=self._plan.flags)

    def forecast(self, account: Account) -> Forecast | None:
        """The next band if it stays silent."""
        course, standing = course_of(account, self._plan), account.record.standing
        return forecast(account.due, course=course, standing=standing, flags=self._plan.flags)
