"""The heart: what a record, or time alone, does to an account.

Accounts are changed in place for speed; all else is a function of its arguments. Nothing here reads a clock.
"""

from collections.abc import Sequence
from math import floor
from typing import NamedTuple

from common.contracts import ids
from common.contracts.events import Event
from common.contracts.signals import Health
from scoring.core import looking, receipt
from scoring.core.account import Account, Record, all_is_booked, decode
from scoring.core.booking import NOTHING, Books, Draft, is_plain
from scoring.core.calm import Calm
from scoring.core.card import Card
from scoring.core.forecast import due_after, turns
from scoring.core.keeping import assembled, course_of, feed, sight_of
from scoring.core.ledger import Move
from scoring.core.moments import LAST
from scoring.core.plan import Plan, Reaction
from scoring.core.sight import Course, Sight
from scoring.core.standing import Trigger, differs, room
from scoring.core.teller import Teller
from scoring.core.view import Day, Step, View

# Seconds to an alarm from which on it need not be exact.
_FAR = 3600.0


class _Past(NamedTuple):
    """How things stood when an event came: as told last, as the ledgers know it, and right before the event."""

    earlier: Health
    booked: Sight
    before: Sight
    course: Course


class Scorer:
    """A card, ready to run. Immutable: one serves any number of accounts."""

    def __init__(self, card: Card, card_id: str, *, strict: bool = True) -> None:
        self.card = card
        self.card_id = card_id
        self._plan = Plan(card)
        self._books = Books(self._plan.names, strict=strict)
        self._teller = Teller(self._plan, self._books, card_id=card_id)

    def create(self, account_id: str) -> Account:
        """Nothing is known of it, no record has come yet."""
        return assembled(account_id, Record(), parts={}, plan=self._plan)

    def load(self, account_id: str, body: bytes, alarm: int | None) -> Account:
        """Raises UnknownFormat. Parts of metrics that the card does not have are left behind."""
        record, parts = decode(body)
        account = assembled(account_id, record, parts=parts, plan=self._plan)
        if record.born is not None:
            account.due_moves(self._teller.due)
            account.set_alarm(alarm)
        if all_is_booked(body) and record.born is not None:
            self._books.note_booked(account, sight_of(account, self._plan))
        return account

    def alarm(self, account: Account) -> int | None:
        """When to look again if it stays silent: never after its due moment, and far from it while that is far.

        The exact moment costs a walk along all its paths. Until a bound is near nobody needs it; whoever looks at
        an alarm and finds nothing sets the next one.
        """
        if account.alarm_is_set:
            return account.alarm
        if account.calm is None:
            account.calm = self._calm(account)
        bound = account.calm.bound()
        if bound > LAST:
            account.set_alarm(None)
        elif account.alarm is not None and account.clock < account.alarm <= bound:
            account.set_alarm(account.alarm)
        elif bound - account.clock >= _FAR:
            account.set_alarm(floor(bound))
        else:
            account.set_alarm(account.due)
        return account.alarm

    def advance(self, account: Account, to: float) -> Step:
        """Every timer that is due by `to` fires, each at its own moment."""
        draft = Draft()
        self._advance(account, to, draft)
        return draft.step()

    def apply(self, account: Account, event: Event, at: float) -> Step:
        """An event with the time of its record: first the silence until then, then what it did."""
        at = max(float(at), account.clock)
        reaction = self._plan.reaction(event.name)
        if account.record.born is not None and self._is_calm(account, at, reaction):
            return self._hear_calmly(account, event, at, reaction)
        draft = Draft()
        if account.record.born is None:
            self._meet(account, event, at, draft)
        else:
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
        course = course_of(account, self._plan)
        sight = course.sight(max(at, account.clock))
        return looking.view(
            account,
            sight,
            plan=self._plan,
            level=receipt.level(account, sight, plan=self._plan),
            change=self._books.change(account, booked=self._books.known(account, course), after=sight),
            forecast=self._teller.forecast(account),
        )

    def today(self, account: Account) -> Day | None:
        """The day that its next look may close, up to its clock; None before the first record."""
        if account.record.born is None:
            return None
        booked = self._books.known(account, course_of(account, self._plan))
        return self._books.today(account, booked=booked, after=sight_of(account, self._plan))

    def _played(self, account: Account, at: float) -> Account:
        """The account at `at`: itself, or a copy if timers must fire until then."""
        alarm = self.alarm(account)
        if alarm is None or alarm > at:
            return account
        copy = self.load(account.account_id, account.encode(), alarm)
        self._advance(copy, at, Draft())
        return copy

    def _meet(self, account: Account, event: Event, at: float, draft: Draft) -> None:
        """The first record: nothing was before it, so nothing moved."""
        feed(account, event, at=at, plan=self._plan)
        sight = self._see(account, course_of(account, self._plan).sight(at))
        self._books.open(account, sight)
        trigger = self._trigger(event, before=None)
        self._teller.settle(account, trigger, earlier=None, redrawn=True, draft=draft)

    def _is_calm(self, account: Account, at: float, reaction: Reaction) -> bool:
        """Whether silence did nothing discrete until `at`, and the event can do it by points alone."""
        if not reaction.plain:
            return False
        calm = account.calm
        if calm is not None and calm.lasts(at):
            return True
        if calm is None or not calm.exact:
            # Bounds widen with time: another look may prove what the last one cannot any more.
            calm = account.calm = self._calm(account)
            return calm.lasts(at)
        return False

    def _calm(self, account: Account) -> Calm:
        course, standing, day = course_of(account, self._plan), account.record.standing, account.record.day
        return Calm(
            course,
            sight_of(account, self._plan),
            room=room(standing, course),
            moments=turns(course, standing),
            day=0 if day is None else day.day,
        )

    def _hear_calmly(self, account: Account, event: Event, at: float, reaction: Reaction) -> Step:
        """Touches what the event feeds and nothing else, as long as nothing can have come of it."""
        former = course_of(account, self._plan)
        redrawn = feed(account, event, at=at, plan=self._plan)
        if redrawn and not self._glides(account, event, at, reaction=reaction, former=former):
            draft = Draft()
            self._take_in(account, event, self._past(account, former, at, draft), redrawn=True, draft=draft)
            return draft.step()
        account.record.clock = at
        account.sight = None
        return NOTHING

    def _glides(self, account: Account, event: Event, at: float, *, reaction: Reaction, former: Course) -> bool:
        """Books what an event did if points are all that it moved, and not so far that anything comes of it."""
        calm = account.calm
        if account.course is None or calm is None:
            return False
        course = account.course
        moves = _moves(account.booked, reaction, at, former=former, course=course)
        for move in moves:
            calm.redrawn(move, former.paths[move.metric], course.paths[move.metric])
        for index in reaction.caps:
            calm.capped(former.caps[index], course.caps[index])
        if not calm.goes_on():
            return False
        self._books.fed(account, event, moves=moves, weights=calm.weights, capped=calm.bites)
        account.due_moves(self._teller.due)
        return True

    def _hear(self, account: Account, event: Event, at: float, draft: Draft) -> None:
        self._advance(account, at, draft)
        past = self._past(account, course_of(account, self._plan), at, draft)
        alarm = self.alarm(account)
        if alarm is not None and alarm - at < 1.0 and (due := account.due) is not None and due - at < 1.0:
            # Between two seconds silence may have crossed a line already: then it was not the event.
            self._see(account, past.before)
            trigger = Trigger(ids.silence(due))
            if self._teller.settle(account, trigger, earlier=past.earlier, booked=past.booked, draft=draft):
                past = past._replace(booked=past.before)
        redrawn = feed(account, event, at=at, plan=self._plan)
        self._take_in(account, event, past, redrawn=redrawn, draft=draft)

    def _past(self, account: Account, former: Course, at: float, draft: Draft) -> _Past:
        """Lets time pass on `former`, the course before the event."""
        seen = account.sight if account.sight is not None else former.sight(account.clock)
        earlier = looking.health(account.record.standing, seen, former)
        booked, before = self._books.known(account, former), seen if at <= account.clock else former.sight(at)
        turned = self._books.turn_day(account, booked=booked, before=seen, after=before, draft=draft)
        return _Past(earlier, before if turned else booked, before, former)

    def _take_in(self, account: Account, event: Event, past: _Past, *, redrawn: bool, draft: Draft) -> None:
        """Books what silence did until the event and what the event did; then tells what came of it."""
        booked, before, bent = past.booked, past.before, account.course is None
        after = course_of(account, self._plan).sight(before.at) if redrawn else before
        self._see(account, after)
        if bent or not is_plain(booked, before, after):
            self._books.silence(account, booked=booked, after=before, draft=draft)
            if redrawn:
                self._books.event(account, event, before=before, after=after, draft=draft)
        elif redrawn:
            reaction, course = self._plan.reaction(event.name), course_of(account, self._plan)
            moves = _moves(account.booked, reaction, before.at, former=past.course, course=course)
            self._books.fed(account, event, moves=moves, weights=after.weights, capped=after.capped_by is not None)
        trigger = self._trigger(event, before=before)
        self._teller.settle(account, trigger, earlier=past.earlier, redrawn=redrawn, draft=draft)

    def _trigger(self, event: Event, *, before: Sight | None) -> Trigger:
        return Trigger(
            (event.source, event.event_id),
            history=event.history,
            before=before,
            first=before is None,
            outcomes=self._plan.reaction(event.name).outcomes,
        )

    def _advance(self, account: Account, to: float, draft: Draft) -> None:
        while (alarm := self.alarm(account)) is not None and alarm <= to:
            due = account.due
            if due is not None and due <= to:
                self._fire(account, due, draft)

    def _fire(self, account: Account, due: int, draft: Draft) -> None:
        course, standing = course_of(account, self._plan), account.record.standing
        moment = max(float(due), account.clock)
        sight = course.sight(moment)
        if not differs(standing, sight, course=course, flags=self._plan.flags):
            # A timer that finds nothing is set again and leaves no trace.
            account.due = due_after(sight, course=course, standing=standing, flags=self._plan.flags)
            return
        past = self._past(account, course, moment, draft)
        self._books.silence(account, booked=past.booked, after=sight, draft=draft)
        self._see(account, sight)
        self._teller.settle(account, Trigger(ids.silence(due)), earlier=past.earlier, draft=draft)

    def _see(self, account: Account, sight: Sight) -> Sight:
        """The account is there now."""
        account.sight, account.calm, account.record.clock = sight, None, sight.at
        return sight


def _moves(
    booked: Sequence[float | None], reaction: Reaction, at: float, *, former: Course, course: Course
) -> list[Move]:
    """What an event did to the points of each metric that it moved."""
    old, new = former.paths, course.paths
    return [Move(index, booked[index], old[index].at(at), new[index].at(at)) for index in reaction.paths]
