"""The scorer: what a record, or time alone, does to an account.

All is a function of its arguments; nothing here reads a clock. Every step has the same order: fire what is due,
evaluate, feed, evaluate again, post, tell.
"""

from math import floor
from typing import Final

from common.contracts import ids
from common.contracts.events import Event
from common.contracts.signals import Health, Kind
from scoring.health import posting, receipts, storage
from scoring.health.account import Account
from scoring.health.card import Card
from scoring.health.clock import WALL_CLOCK, Clock
from scoring.health.crossing import next_due
from scoring.health.draft import NOTHING, StepDraft
from scoring.health.evaluation import HealthSnapshot, evaluate, evaluate_moved, snapshot, snapshot_at
from scoring.health.feeding import feed
from scoring.health.forecast import forecast
from scoring.health.incremental import set_due, set_horizon, try_incremental
from scoring.health.ledger import EVENT, SILENCE
from scoring.health.model import CardModel, Reaction
from scoring.health.moments import LAST, local_day
from scoring.health.reading import view
from scoring.health.signals import emit, health_of
from scoring.health.transitions import Trigger, refresh, transition, would_change
from scoring.health.view import Day, Step, View

# A timer nearer than this is set to the exact moment. Seconds.
_EXACT_WITHIN: Final = 3600.0


class Scorer:
    """A card, ready to run. Immutable: one serves any number of accounts.

    `strict` raises ReceiptMismatch where a receipt does not add up; otherwise the step counts it. `clock` is the one
    that all arithmetic takes its time from.
    """

    __slots__ = ("_model", "_strict", "card", "card_id")

    def __init__(self, card: Card, card_id: str, *, strict: bool = True, clock: Clock = WALL_CLOCK) -> None:
        self.card = card
        self.card_id = card_id
        self._strict = strict
        self._model = CardModel(card, card_id, clock)

    def create(self, account_id: str) -> Account:
        """Nothing is known of it, no record has come yet."""
        return self._model.account(account_id)

    def dump(self, account: Account) -> bytes:
        """The account as bytes: a function of its records alone."""
        return storage.dump(account)

    def load(self, account_id: str, body: bytes) -> Account:
        """Raises UnknownFormat. Parts of metrics that the card does not have are left behind."""
        return storage.load(account_id, body, self._model)

    # --- Records and time -------------------------------------------------------------------------------------

    def apply(self, account: Account, event: Event, at: float) -> Step:
        """An event with the time of its record: first the silence until then, then what it did."""
        at = max(float(at), account.clock)
        # Nothing happens after it was recorded.
        moment = min(event.time.timestamp(), at)
        reaction = self._model.reaction(event.name)
        if try_incremental(account, event, at, moment, reaction):
            account.clock = at
            return NOTHING
        draft = StepDraft(strict=self._strict)
        if not account.met:
            self._meet(account, event, at, moment, reaction, draft)
            return draft.step()
        self._advance(account, at, draft)
        if self._look_further(account, at) and try_incremental(account, event, at, moment, reaction):
            account.clock = at
        else:
            self._take(account, event, at, moment, reaction, draft)
        return draft.step()

    def advance(self, account: Account, to: float) -> Step:
        """Every timer that is due by `to` fires, each at its own moment."""
        draft = StepDraft(strict=self._strict)
        self._advance(account, to, draft)
        if account.horizon.wake <= to:
            self.find_due(account)
        return draft.step()

    # --- Timers -----------------------------------------------------------------------------------------------

    def find_due(self, account: Account) -> int | None:
        """The whole second (UTC) at which silence next changes anything; None if it never will."""
        if not account.met:
            return None
        horizon = account.horizon
        if horizon.exact:
            return None if horizon.wake > LAST else int(horizon.wake)
        evaluate(account, account.clock)
        due = next_due(account, account.state, account.clock)
        evaluate(account, account.clock)
        set_horizon(account, account.clock)
        set_due(account, due)
        return due

    def timer(self, account: Account, stored: int | None, now: float) -> int | None:
        """When to wake the account if it stays silent: after `now`, never after it is due; None for never.

        By `now`, which may be later than the account's clock, all that was due has fired. The exact moment moves at
        every event, and every timer that moves costs a row. So `stored`, the one that is set, stays while it holds, and
        a new one is set to the end of the horizon while that is far. An account that is woken and finds nothing is
        given the exact moment.
        """
        wake = account.horizon.wake
        if wake > LAST:
            return None
        if not account.horizon.exact:
            if stored is not None and now < stored <= wake:
                return stored
            if wake - now >= _EXACT_WITHIN:
                return floor(wake)
        return self.find_due(account)

    def disarm(self, account: Account) -> None:
        """No timer fires for the account until its next event."""
        set_due(account, None)

    # --- Reading ----------------------------------------------------------------------------------------------

    def health(self, account: Account, at: float) -> Health:
        """What `look` says of health, for less."""
        account = self._at(account, at)
        found = health_of(account, snapshot_at(account, max(at, account.clock)))
        evaluate(account, account.clock)
        return found

    def look(self, account: Account, at: float) -> View:
        """How the account reads at `at`, not before its clock, if it was silent since. It stays as it is."""
        account = self._at(account, at)
        found = view(account, max(at, account.clock))
        evaluate(account, account.clock)
        return found

    def today(self, account: Account) -> Day | None:
        """The day that its next look may close, up to its clock; None before the first record."""
        if not account.met:
            return None
        now = snapshot_at(account, account.clock)
        return receipts.day(account, posting.pending(account, now), now.score)

    def _at(self, account: Account, at: float) -> Account:
        """The account at `at`: itself, or a copy if timers may fire until then. Raises `ValueError` before a record."""
        if not account.met:
            raise ValueError(f"no record of {account.account_id!r} has come yet")
        if account.horizon.wake > at:
            return account
        copy = self.load(account.account_id, self.dump(account))
        self._advance(copy, at, StepDraft(strict=self._strict))
        return copy

    # --- One step ---------------------------------------------------------------------------------------------

    def _meet(
        self, account: Account, event: Event, at: float, moment: float, reaction: Reaction, draft: StepDraft
    ) -> None:
        """The first record: nothing was before it, so nothing moved."""
        feed(account, event, moment, reaction)
        refresh(account, account.state)
        now = snapshot_at(account, at)
        account.clock = at
        posting.mark_posted(account, now)
        posting.open_change(account, at, now.score)
        posting.open_day(account, at, now.score, day=local_day(at, account.context.zone))
        cause = (event.source, event.event_id)
        self._tell(account, Trigger(cause, history=event.history, first=True, outcomes=reaction.outcomes), draft)
        set_horizon(account, at)

    def _take(
        self, account: Account, event: Event, at: float, moment: float, reaction: Reaction, draft: StepDraft
    ) -> None:
        """An event of an account of which all timers until `at` have fired."""
        due = self.find_due(account) if account.horizon.wake - at < 1.0 else None
        before = self._pass(account, at, draft)
        if due is not None and due - at < 1.0:
            # Silence crossed a line between two whole seconds: then it was not the event that crossed it.
            account.clock = at
            self._tell(account, Trigger(ids.silence(due)), draft)
        for metric in account.metrics:
            metric.before_available, metric.before = metric.available, metric.points
        zone = account.context.zone
        moved = feed(account, event, moment, reaction)
        if account.context.zone is not zone:
            posting.set_day_end(account)
        after = before
        if moved is not None:
            evaluate_moved(account, at, moved)
            after = snapshot(account, at)
            if moved.steps:
                refresh(account, account.state)
        account.clock = at
        self._post(account, event, before, after, moved, draft)
        cause, lost = (event.source, event.event_id), before.score - after.score
        self._tell(account, Trigger(cause, lost, event.history, outcomes=reaction.outcomes), draft)
        set_horizon(account, at)

    def _look_further(self, account: Account, at: float) -> bool:
        """Where nothing but the end of segments ended the horizon, a new one begins at `at`; whether it did.

        Not where a metric came or went meanwhile: then points alone do not explain what is to be posted. Nor where
        silence crossed a line since the last whole second: that is told before the event.
        """
        if at < account.horizon.incremental_until or at >= account.day_end:
            return False
        evaluate(account, at)
        crossed = would_change(account, account.state, account.context.clock.operational(at))
        if crossed or not posting.are_posted(account, account.weights, account.capped_by):
            return False
        set_horizon(account, at)
        return True

    def _pass(self, account: Account, at: float, draft: StepDraft) -> HealthSnapshot:
        """Lets time pass until `at`, where the account is evaluated then. The first look after the end of the open
        day closes it; the silence of a night belongs to the day on which it is seen.
        """
        seen = snapshot_at(account, account.clock)
        draft.earlier = health_of(account, seen)
        now = snapshot_at(account, at)
        if at >= account.day_end:
            posting.post_silence(account, seen, draft)
            draft.check(receipts.day_off_by(account))
            draft.days.append(receipts.day(account, (), seen.score))
            posting.open_day(account, account.clock, seen.score, day=posting.day_after(account, at))
            posting.post_step(account, seen, now, SILENCE, draft)
        return now

    def _post(
        self,
        account: Account,
        event: Event,
        before: HealthSnapshot,
        after: HealthSnapshot,
        moved: Reaction | None,
        draft: StepDraft,
    ) -> None:
        """What silence did until the event, and what the event did."""
        everything = moved is self._model.everything
        if everything or not posting.moved_points_alone(account, before, after):
            posting.post_silence(account, before, draft)
            if moved is not None:
                posting.post_step(account, before, after, EVENT, draft)
                posting.note(account, event, after.score - before.score)
        elif moved is not None:
            posting.post_moved(account, event, moved)

    def _advance(self, account: Account, to: float, draft: StepDraft) -> None:
        """Leaves a horizon that is over if nothing is due by then."""
        while account.horizon.wake <= to:
            evaluate(account, account.clock)
            due = next_due(account, account.state, account.clock, to)
            if due is None:
                return
            now = self._pass(account, float(due), draft)
            posting.post_silence(account, now, draft)
            account.clock = float(due)
            self._tell(account, Trigger(ids.silence(due)), draft)
            set_horizon(account, float(due))

    def _tell(self, account: Account, trigger: Trigger, draft: StepDraft) -> None:
        """Brings the alert state up to date at the account's clock, where it was just evaluated, and tells."""
        at = account.clock
        if not trigger.outcomes and not would_change(account, account.state, account.context.clock.operational(at)):
            return
        told = [each for each in transition(account, account.state, trigger, at) if not each.quiet]
        if not told:
            return
        now = snapshot(account, at)
        posting.post_silence(account, now, draft)
        emit(account, told, now, forecast(account), draft)
        if any([each.kind is Kind.BAND for each in told]):
            posting.open_change(account, at, now.score)
