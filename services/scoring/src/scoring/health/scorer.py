"""The scorer: what a record, or time alone, does to an account.

Nothing here reads a clock. Every step has the same order: fire what is due, evaluate, feed the event, evaluate again,
post both to the ledgers, update the alert state.
"""

from math import inf

from common.contracts.events import Event
from common.contracts.signals import Health, Level
from scoring.health import posting, receipts, state_encoding, timer
from scoring.health.account import Account
from scoring.health.applying import apply_one
from scoring.health.calendar.definition import CountryCalendars
from scoring.health.card import Card
from scoring.health.clock import WALL_CLOCK, Clock
from scoring.health.evaluation import evaluate, snapshot_at
from scoring.health.feeding import erase_mentions
from scoring.health.feeds import NO_PAUSES, Pauses, find_hold, may_change_hold, note_source
from scoring.health.first_look import AT_MOST_SECONDS, cancel_look_timer, concerns_look, follow_record, tell_look
from scoring.health.incremental import end_horizon, set_due, set_horizon, try_incremental
from scoring.health.model import CardModel, Reaction
from scoring.health.person_erasure import erase_person
from scoring.health.reading import read_account, summarize
from scoring.health.request import REQUEST_SECONDS
from scoring.health.signals import health_of
from scoring.health.silence import fire_silence, move_clock, pass_silence, settle_silence
from scoring.health.step_draft import EMPTY_STEP, StepDraft
from scoring.health.telling import cancel_close, close_request, drop_request, open_request, schedule_close
from scoring.health.transitions import refresh_derived
from scoring.health.view import Day, Step, Summary, View


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

    def create(self, account_id: str, pauses: Pauses = NO_PAUSES) -> Account:
        """An account before its first record. `pauses` are those of the feeds of its partition."""
        account = self._model.account(account_id)
        account.pauses = pauses
        return account

    def dump(self, account: Account) -> bytes:
        """The account as bytes: a function of its records alone."""
        return state_encoding.dump(account)

    def load(self, account_id: str, body: bytes, pauses: Pauses = NO_PAUSES) -> Account:
        """The account as it was dumped; where the `pauses` of feeds are others, they are those that hold it now.

        Raises UnknownFormat. Parts of metrics that the card does not have are left behind.
        """
        account = state_encoding.load(account_id, body, self._model, pauses)
        schedule_close(account, self._request_seconds)
        return account

    def without_person(self, account_id: str, body: bytes, user_id: str, substitute: str) -> bytes | None:
        """The stored account after a person was erased: the score stays. None if it knows nothing of them.

        `substitute` is the user id that stands for them. Raises UnknownFormat.
        """
        account = self.load(account_id, body)
        return self.dump(account) if erase_person(account, user_id, substitute) else None

    def without_mentions(self, account_id: str, body: bytes, erased_id: str, substitute: str) -> bytes | None:
        """The stored account after another one was erased; None if it does not name that one. Raises UnknownFormat."""
        account = self.load(account_id, body)
        return self.dump(account) if erase_mentions(account, erased_id, substitute) else None

    # --- Records and time -------------------------------------------------------------------------------------

    def apply(self, account: Account, event: Event, at: float) -> Step:
        """Applies an event that was recorded at `at`: first the silence until then, then what the event did."""
        at = max(float(at), account.clock)
        # An event cannot happen after its record; a sender's clock that is ahead must not say so.
        moment = min(event.time.timestamp(), at)
        reaction = self._model.reaction(event.name)
        if event.more or account.request is not None or (self._first_look_seconds and concerns_look(account, event)):
            return self._apply_while_open(account, event, at, moment, reaction)
        if not _may_change_hold(account, event, moment) and try_incremental(account, event, at, moment, reaction):
            move_clock(account, at)
            _note_who(account, event, moment, reaction)
            return EMPTY_STEP
        draft = StepDraft(strict=self._strict)
        self._fire_due(account, at, draft)
        _note_who(account, event, moment, reaction)
        apply_one(account, event, at, moment, reaction, draft)
        return draft.result()

    def advance(self, account: Account, to: float) -> Step:
        """Time alone: fires everything that silence makes due by `to`, each at its own moment.

        It does not change an account that was merged.
        """
        if account.is_merged:
            return EMPTY_STEP
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
            close_request(account, account.request, draft)
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
        cancel_close(account)
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

    def summary(self, account: Account, at: float, *, ahead: bool) -> Summary:
        """What `view` has for a list, with the forecast if `ahead`. Raises `ValueError` before the first record."""
        account = self._account_at(account, at)
        found = summarize(account, max(at, account.clock), ahead=ahead)
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
        copy, draft = self.load(account.account_id, self.dump(account), account.pauses), StepDraft(strict=self._strict)
        self._advance(copy, at, draft)
        # An account that is imported is shown as if the import ended now.
        if copy.importing and copy.look is not None:
            copy.look.importing = False
            fire_silence(copy, at, draft)
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
            fire_silence(account, at, draft)
        _note_who(account, event, moment, reaction)
        request = account.request
        if request is None and event.more:
            before = settle_silence(account, at, draft) if account.has_records else None
            request = open_request(account, recorded, before, draft)
        if request is not None:
            request.last, request.cause, request.history = recorded, (event.source, event.event_id), event.history
        if try_incremental(account, event, at, moment, reaction):
            move_clock(account, at)
        else:
            apply_one(account, event, at, moment, reaction, draft)
        if request is None:
            return draft.result()
        if not event.more and request.touched:
            # The last event may have been applied by what it moves alone.
            evaluate(account, at)
            close_request(account, request, draft)
        elif not event.more:
            drop_request(account)
        schedule_close(account, self._request_seconds)
        return draft.result()

    def _advance(self, account: Account, to: float, draft: StepDraft) -> None:
        """Fires what is due by `to`, and closes a request that has been open for too long."""
        closes = account.closes_at
        if closes <= to and account.request is not None:
            if account.importing:
                evaluate(account, account.clock)
            else:
                # All that silence did until then belongs to the request.
                pass_silence(account, closes, draft)
            close_request(account, account.request, draft)
        self._take_due_look(account, to, draft)
        self._fire_due(account, to, draft)

    def _fire_due(self, account: Account, to: float, draft: StepDraft) -> None:
        """Fires what is due by `to` before a record of that time. Time does not move an account that is imported."""
        # In stream mode a record is of the time of its event, so the days between two of an import are no quiet time.
        if self._request_seconds is not None:
            self._take_due_look(account, to, draft)
        if not account.importing:
            fire_silence(account, to, draft)

    def _take_due_look(self, account: Account, to: float, draft: StepDraft) -> None:
        """An import ends with its look, and what the silence until then brings belongs to it."""
        look = account.look
        # An open request is told first.
        if look is None or account.look_at > to or account.request is not None:
            return
        look.importing = False
        now = pass_silence(account, look.due, draft)
        band = account.band
        tell_look(account, look, now, draft)
        draft.note_change(account, band, account.stage, now.score)
        set_horizon(account, account.clock)


def _note_who(account: Account, event: Event, moment: float, reaction: Reaction) -> None:
    """Notes the event's source and its person. What was due before it has fired, and was told without it."""
    changes = _may_change_hold(account, event, moment)
    note_source(account.sources, event.source, moment)
    if changes:
        account.hold = find_hold(account.sources, account.pauses)
        if account.has_records:
            refresh_derived(account, account.state)
            end_horizon(account, account.clock)
    if event.user_id is not None and not reaction.overrides:
        account.people.see(event.user_id, moment)
        if reaction.describes_people:
            account.people.describe(event.user_id, event, moment)


def _may_change_hold(account: Account, event: Event, moment: float) -> bool:
    if account.pauses == NO_PAUSES:
        return False
    return may_change_hold(account.sources, event.source, moment, account.pauses)
