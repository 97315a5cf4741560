"""The scorer: what a record, or time alone, does to an account.

Nothing here reads a clock. Every step has the same order: fire what is due, evaluate, feed the event, evaluate again,
post both to the ledgers, update the alert state.
"""

from math import inf

from common.contracts import ids
from common.contracts.events import Event
from common.contracts.signals import Facts, Health, Level
from scoring.health import posting, receipts, state_encoding, timer
from scoring.health.account import Account
from scoring.health.calendar.definition import CountryCalendars
from scoring.health.card import Card
from scoring.health.clock import WALL_CLOCK, Clock
from scoring.health.crossing import next_due
from scoring.health.evaluation import HealthSnapshot, evaluate, evaluate_moved, snapshot, snapshot_at
from scoring.health.feeding import enter_stage, feed, retract
from scoring.health.first_look import (
    AT_MOST_SECONDS,
    cancel_look_timer,
    concerns_look,
    follow_record,
    tell_look,
    told_meanwhile,
)
from scoring.health.forecast import forecast
from scoring.health.incremental import set_due, set_horizon, try_incremental
from scoring.health.ledger import CONTEXT, EVENT, SILENCE
from scoring.health.model import CardModel, Reaction
from scoring.health.moments import local_day
from scoring.health.properties import withdrawn_event
from scoring.health.quotes import causing_event
from scoring.health.reading import read_account
from scoring.health.request import REQUEST_SECONDS, OpenRequest, closes_at
from scoring.health.retraction import withdraw
from scoring.health.signals import add_signals, end_unheard_episode, health_of
from scoring.health.state_format import Crossing, WithdrawnSignal
from scoring.health.step_draft import EMPTY_STEP, StepDraft
from scoring.health.transitions import (
    Trigger,
    crossed_lines,
    refresh_derived,
    return_to,
    update_state,
    would_change,
)
from scoring.health.view import Day, RetractionResult, Step, View


class Scorer:
    """A card, ready to run. Immutable: one serves any number of accounts.

    `strict` raises ReceiptMismatch where a receipt does not add up; otherwise the step counts it. `clock` is the one
    that all arithmetic takes its time from, unless the card has one of its own; that one takes public holidays from
    `calendars`, without which it raises `ValueError`. `request_seconds` of record time after its first event a request
    is closed whose last event has not come; None leaves that to the next tick, as stream mode does.
    `first_look_seconds` of record time without history a first look waits, with None above until the next tick after
    them; 0 for no looks: then all is told from the first record on.
    """

    __slots__ = ("_first_look_seconds", "_model", "_request_seconds", "_strict", "card", "card_id")

    def __init__(
        self,
        card: Card,
        card_id: str,
        *,
        strict: bool = True,
        clock: Clock = WALL_CLOCK,
        calendars: CountryCalendars | None = None,
        request_seconds: float | None = REQUEST_SECONDS,
        first_look_seconds: int = 0,
    ) -> None:
        self.card = card
        self.card_id = card_id
        self._strict = strict
        self._request_seconds = request_seconds
        self._first_look_seconds = first_look_seconds
        self._model = CardModel(card, card_id, clock, calendars)

    def create(self, account_id: str) -> Account:
        """An account before its first record."""
        return self._model.account(account_id)

    def dump(self, account: Account) -> bytes:
        """The account as bytes: a function of its records alone."""
        return state_encoding.dump(account)

    def load(self, account_id: str, body: bytes) -> Account:
        """Raises UnknownFormat. Parts of metrics that the card does not have are left behind."""
        account = state_encoding.load(account_id, body, self._model)
        account.closes_at = closes_at(account.request, self._request_seconds)
        return account

    # --- Records and time -------------------------------------------------------------------------------------

    def apply(self, account: Account, event: Event, at: float) -> Step:
        """Applies an event that was recorded at `at`: first the silence until then, then what the event did."""
        at = max(float(at), account.clock)
        # An event cannot happen after its record; a sender's clock that is ahead must not say so.
        moment = min(event.time.timestamp(), at)
        reaction = self._model.reaction(event.name)
        if event.more or account.request is not None or (self._first_look_seconds and concerns_look(account, event)):
            return self._apply_while_open(account, event, at, moment, reaction)
        if try_incremental(account, event, at, moment, reaction):
            account.clock = at
            _note_person(account, event, moment, reaction)
            return EMPTY_STEP
        draft = StepDraft(strict=self._strict)
        self._fire_due(account, at, draft)
        _note_person(account, event, moment, reaction)
        self._apply_one(account, event, at, moment, reaction, draft)
        return draft.result()

    def advance(self, account: Account, to: float) -> Step:
        """Time alone: fires everything that silence makes due by `to`, each at its own moment."""
        draft = StepDraft(strict=self._strict)
        self._advance(account, to, draft)
        if account.wake <= to:
            self.find_due(account)
        return draft.result()

    def close_request(self, account: Account) -> Step:
        """Closes the account's open request, if there is one: its last event does not count, or never comes."""
        draft = StepDraft(strict=self._strict)
        if account.request is not None:
            evaluate(account, account.clock)
            self._close_request(account, account.request, draft)
        return draft.result()

    # --- Timers -----------------------------------------------------------------------------------------------

    def find_due(self, account: Account) -> int | None:
        """The whole second (UTC) at which silence next changes anything; None if it never will."""
        return timer.find_due(account)

    def choose_timer(self, account: Account, stored: int | None, now: float) -> int | None:
        """When to wake the account if it stays silent: after `now`, never after it is due; None for never.

        By `now`, which may be later than the account's clock, all that was due has fired. `stored` is the timer that is
        set; it stays while it is not too late.
        """
        return timer.choose_timer(account, stored, now)

    def cancel_timer(self, account: Account) -> None:
        """The account is not woken until its next event."""
        set_due(account, None)
        account.closes_at = inf
        cancel_look_timer(account)

    # --- Reading ----------------------------------------------------------------------------------------------

    def health(self, account: Account, at: float) -> Health:
        """The health that `view` has, without the rest."""
        account = self._account_at(account, at)
        found = health_of(account, snapshot_at(account, max(at, account.clock)))
        evaluate(account, account.clock)
        return found

    def level(self, account: Account, at: float) -> Level:
        """The level receipt that `view` has, without the rest. Raises `ValueError` before the first record."""
        account = self._account_at(account, at)
        found = receipts.level(account, snapshot_at(account, max(at, account.clock)))
        evaluate(account, account.clock)
        return found

    def view(self, account: Account, at: float) -> View:
        """The account at `at`, or at its clock if that is later, if it stays silent until then. Changes nothing."""
        account = self._account_at(account, at)
        found = read_account(account, max(at, account.clock))
        evaluate(account, account.clock)
        return found

    def today(self, account: Account) -> Day | None:
        """The open day up to the account's clock; None before the first record."""
        if not account.has_records:
            return None
        now = snapshot_at(account, account.clock)
        return receipts.day(account, posting.unposted(account, now), now.score)

    def _account_at(self, account: Account, at: float) -> Account:
        """The account itself, or a copy advanced to `at` if anything may be due by then.

        Raises `ValueError` before the first record.
        """
        if not account.has_records:
            raise ValueError(f"no record of {account.account_id!r} has come yet")
        importing = account.importing and at > account.clock
        if account.wake > at and not importing:
            return account
        # Timers change the alert state and the ledgers, which reading must not.
        copy, draft = self.load(account.account_id, self.dump(account)), StepDraft(strict=self._strict)
        self._advance(copy, at, draft)
        # An account that is imported is shown as if the import ended now.
        if copy.importing and copy.look is not None:
            copy.look.importing = False
            self._fire_silence(copy, at, draft)
        return copy

    # --- A request, a first look ------------------------------------------------------------------------------

    def _apply_while_open(
        self, account: Account, event: Event, recorded: float, moment: float, reaction: Reaction
    ) -> Step:
        """Applies an event that a request or a first look has to do with: one that is open, or that it opens."""
        draft = StepDraft(strict=self._strict)
        if self._request_seconds is not None:
            self._advance(account, recorded, draft)
        else:
            # Only a tick closes it in silence.
            self._fire_due(account, recorded, draft)
        at = recorded
        if self._first_look_seconds:
            seconds, at_most = self._first_look_seconds, AT_MOST_SECONDS if self._request_seconds is not None else inf
            at = follow_record(account, event, recorded, moment, seconds=seconds, at_most=at_most)
            self._fire_silence(account, at, draft)
        _note_person(account, event, moment, reaction)
        request = account.request
        if request is None and event.more:
            request = account.request = self._open_request(account, at, recorded, draft)
        if request is not None:
            request.last, request.cause, request.history = recorded, (event.source, event.event_id), event.history
        if try_incremental(account, event, at, moment, reaction):
            account.clock = at
        else:
            self._apply_one(account, event, at, moment, reaction, draft)
        if request is None:
            return draft.result()
        if not event.more and request.touched:
            # The last event may have been applied by what it moves alone.
            evaluate(account, at)
            self._close_request(account, request, draft)
        elif not event.more:
            account.request = None
        account.closes_at = closes_at(account.request, self._request_seconds)
        return draft.result()

    def _open_request(self, account: Account, at: float, recorded: float, draft: StepDraft) -> OpenRequest:
        """What silence did until `at`, the time of the account, comes before the request."""
        if not account.has_records:
            return OpenRequest(recorded, account.state.copy(), None, None)
        before = self._settle_silence(account, at, draft)
        return OpenRequest(recorded, account.state.copy(), before.score, draft.health_before)

    def _close_request(self, account: Account, request: OpenRequest, draft: StepDraft) -> None:
        """Tells what is different from before the request. The account is evaluated at its clock."""
        account.request, account.closes_at = None, inf
        return_to(account, request.before)
        lost = 0.0 if request.score is None else request.score - account.score
        trigger = Trigger(
            request.cause,
            lost,
            request.history,
            first=request.score is None,
            crossed=request.crossed,
            decided=tuple(request.outcomes),
            withdrawn=tuple(request.withdrawn),
        )
        draft.health_before = request.health
        self._update_alert_state(account, trigger, draft)
        set_horizon(account, account.clock)

    # --- One step ---------------------------------------------------------------------------------------------

    def _apply_one(
        self, account: Account, event: Event, at: float, moment: float, reaction: Reaction, draft: StepDraft
    ) -> None:
        """Applies an event before which all that was due has fired."""
        if not account.has_records:
            self._apply_first(account, event, at, moment, reaction, draft)
        elif self._renew_horizon(account, at) and try_incremental(account, event, at, moment, reaction):
            account.clock = at
        else:
            self._apply_fully(account, event, at, moment, reaction, draft)

    def _apply_first(
        self, account: Account, event: Event, at: float, moment: float, reaction: Reaction, draft: StepDraft
    ) -> None:
        """Applies a first record. No score was before it, so nothing is posted."""
        if reaction.retracts:
            draft.retraction = RetractionResult.NOTHING_STANDING
        feed(account, event, at, moment, reaction)
        refresh_derived(account, account.state)
        now = snapshot_at(account, at)
        account.clock = at
        posting.mark_posted(account, now)
        posting.open_change(account, at, now.score)
        posting.open_day(account, at, now.score, day=local_day(at, account.context.zone))
        said = causing_event(event, moment, Facts(), account.facts)
        cause, outcomes = (event.source, event.event_id), reaction.outcomes
        self._update_alert_state(
            account, Trigger(cause, history=event.history, first=True, outcomes=outcomes, event=said), draft
        )
        set_horizon(account, at)

    def _apply_fully(
        self, account: Account, event: Event, at: float, moment: float, reaction: Reaction, draft: StepDraft
    ) -> None:
        """Applies an event by evaluating everything. All that was due before the second of `at` has fired."""
        facts = account.facts
        before = self._settle_silence(account, at, draft)
        for metric in account.metrics:
            metric.before_available, metric.before = metric.available, metric.points
        zone, steps = account.context.zone, account.told_steps
        retracted = withdrawn_event(event) if reaction.retracts else None
        if reaction.retracts:
            draft.retraction = RetractionResult.NOTHING_STANDING if retracted is None else retract(account, retracted)
        undone = draft.retraction is RetractionResult.UNDONE
        moved = feed(account, event, at, moment, reaction, undone=undone)
        if account.context.zone is not zone:
            posting.set_day_end(account)
        after = before
        if moved is not None:
            evaluate_moved(account, at, moved)
            after = snapshot(account, at)
            if moved.changes_steps:
                refresh_derived(account, account.state)
        account.clock = at
        self._post(account, event, before, after, moved, draft)
        cause, lost = (event.source, event.event_id), before.score - after.score
        withdrawn: tuple[WithdrawnSignal, ...] = ()
        if undone and retracted is not None:
            withdrawn = tuple(withdraw(account, retracted, steps, Crossing(at, retracted, event.history)))
            refresh_derived(account, account.state)
        said, outcomes = causing_event(event, moment, facts, account.facts), reaction.outcomes
        trigger = Trigger(cause, lost, event.history, outcomes=outcomes, withdrawn=withdrawn, event=said)
        self._update_alert_state(account, trigger, draft)
        set_horizon(account, at)

    def _settle_silence(self, account: Account, at: float, draft: StepDraft) -> HealthSnapshot:
        """Evaluates the account at `at`, just before an event. What silence crossed by then is told before it."""
        if account.horizon.wake - at < 1.0:
            timer.make_exact(account)
        due = account.horizon.wake
        before = self._evaluate_at(account, at, draft)
        if due - at < 1.0:
            # Silence crossed a line since the last whole second. Its signal must not name the event as its cause.
            account.clock = at
            self._update_alert_state(account, Trigger(ids.silence(int(due))), draft)
        return before

    def _renew_horizon(self, account: Account, at: float) -> bool:
        """Begins a new horizon at `at` if only the end of a segment ended the last one; whether it did.

        Not if a metric appeared or vanished meanwhile: then points alone do not explain what has to be posted. Nor if
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

    def _evaluate_at(self, account: Account, at: float, draft: StepDraft) -> HealthSnapshot:
        """Evaluates the account at `at`, and closes the open day if that has ended.

        A day closes with the score at the account's clock. What silence did since then is posted to the new day.
        """
        seen = snapshot_at(account, account.clock)
        draft.health_before = health_of(account, seen)
        now = snapshot_at(account, at)
        # The first record or timer after its end closes a day: nothing runs at midnight.
        if at >= account.day_end:
            posting.post_silence(account, seen, draft)
            draft.check_sum(receipts.day_off_by(account))
            draft.days.append(receipts.day(account, (), seen.score))
            posting.open_day(account, account.clock, seen.score, day=posting.next_day_number(account, at))
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
        """Posts what silence did until the event, and what the event did."""
        everything = moved is self._model.full_reaction
        if everything or not posting.only_points_moved(account, before, after):
            posting.post_silence(account, before, draft)
            if moved is not None:
                posting.post_step(account, before, after, EVENT, draft)
                posting.add_mover(account, event, after.score - before.score)
        elif moved is not None:
            posting.post_points(account, event, moved)

    def _advance(self, account: Account, to: float, draft: StepDraft) -> None:
        """Fires what is due by `to`, and closes a request that has been open for too long."""
        closes = account.closes_at
        if closes <= to and account.request is not None:
            if account.importing:
                evaluate(account, account.clock)
            else:
                # All that silence did until then belongs to the request.
                self._pass_silence(account, closes, draft)
            self._close_request(account, account.request, draft)
        self._take_due_look(account, to, draft)
        self._fire_due(account, to, draft)

    def _fire_due(self, account: Account, to: float, draft: StepDraft) -> None:
        """Fires what is due by `to` before a record of that time. Time does not move an account that is imported."""
        # In stream mode a record is of the time of its event, so the days between two of an import are no quiet time.
        if self._request_seconds is not None:
            self._take_due_look(account, to, draft)
        if not account.importing:
            self._fire_silence(account, to, draft)

    def _take_due_look(self, account: Account, to: float, draft: StepDraft) -> None:
        """An import ends with its look, and what the silence until then brings belongs to it."""
        look = account.look
        # An open request is told first.
        if look is None or account.look_at > to or account.request is not None:
            return
        look.importing = False
        now = self._pass_silence(account, look.due, draft)
        tell_look(account, look, now, draft)
        set_horizon(account, account.clock)

    def _pass_silence(self, account: Account, to: float, draft: StepDraft) -> HealthSnapshot:
        """Fires what silence makes due by `to`, moves the clock there and posts all until then."""
        self._fire_silence(account, to, draft)
        now = self._evaluate_at(account, max(to, account.clock), draft)
        posting.post_silence(account, now, draft)
        account.clock = now.at
        return now

    def _fire_silence(self, account: Account, to: float, draft: StepDraft) -> None:
        """Fires what is due by `to`. If nothing is, a horizon that has ended stays for the caller to renew."""
        while account.horizon.wake <= to:
            evaluate(account, account.clock)
            ends = account.context.stage_ends
            due = next_due(account, account.state, account.clock, min(to, ends))
            if due is None:
                if ends > to:
                    return
                due = timer.whole_second(ends)
            if due is None:
                return
            now = self._evaluate_at(account, float(due), draft)
            posting.post_silence(account, now, draft)
            account.clock = float(due)
            if due == ends:
                self._enter_stage(account, now, draft)
            self._update_alert_state(account, Trigger(ids.silence(due)), draft)
            set_horizon(account, float(due))

    def _enter_stage(self, account: Account, before: HealthSnapshot, draft: StepDraft) -> None:
        """The present stage ends at the account's clock, up to which all is posted."""
        enter_stage(account, account.clock)
        posting.post_step(account, before, snapshot_at(account, account.clock), CONTEXT, draft)
        refresh_derived(account, account.state)

    def _update_alert_state(self, account: Account, trigger: Trigger, draft: StepDraft) -> None:
        """Updates the alert state at the account's clock, where it was just evaluated, and adds the signals."""
        at, request = account.clock, account.request
        if request is not None:
            self._follow_request(account, request, trigger)
            return
        if not (trigger.outcomes or trigger.decided or trigger.withdrawn) and not would_change(
            account, account.state, account.context.clock.operational(at)
        ):
            return
        found = update_state(account, account.state, trigger, at)
        told = [each for each in found if not each.shown_only]
        if account.look is not None:
            told = told_meanwhile(account, account.look, told, trigger)
        if told:
            now = snapshot(account, at)
            posting.post_silence(account, now, draft)
            add_signals(account, told, now, forecast(account), draft)
            # A change explains the way since the last band that was told.
            if any([each.band is not None for each in told]):
                posting.open_change(account, at, now.score)
        # Not before: what is told now still belongs to the episode.
        end_unheard_episode(account, found)

    def _follow_request(self, account: Account, request: OpenRequest, trigger: Trigger) -> None:
        """Brings the draft of an alert state up to date within a request, and notes what crossed."""
        at = account.clock
        present = trigger.crossed_at(at)
        request.outcomes += [(name, present) for name in trigger.outcomes]
        request.withdrawn += trigger.withdrawn
        request.touched = request.touched or bool(trigger.outcomes or trigger.withdrawn)
        if would_change(account, account.state, account.context.clock.operational(at)):
            update_state(account, account.state, trigger, at)
            request.touched = True
            request.follow(crossed_lines(account, request.before, at), present)


def _note_person(account: Account, event: Event, moment: float, reaction: Reaction) -> None:
    """What was due before the event has fired: that told whom to call without it."""
    if event.user_id is not None:
        account.people.see(event.user_id, moment)
        if reaction.describes_people:
            account.people.describe(event.user_id, event, moment)
