"""silence of the champions: none of them was seen for longer than is usual for them, whatever other people do.

The champions of an account are taken together: while one of them is seen, somebody stands up for the product.
"""

from math import inf
from typing import Any, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.curve import Curve
from scoring.health.former_values import MARK_HASH, Mark, marks_of, take_back, write_newest
from scoring.health.hashing import hash64
from scoring.health.metrics.drifting import DriftingMetric
from scoring.health.metrics.metric import Metric, OtherMetrics
from scoring.health.metrics.sample import renamed
from scoring.health.metrics.silence.definition import Silence
from scoring.health.metrics.silence.metric import SilenceMetric, suspicion_rate
from scoring.health.moments import local_day
from scoring.health.people import CHAMPIONS, PEOPLE_EVENTS, said_of_person
from scoring.health.properties import id_hash


@final
class ChampionSilenceMetric(DriftingMetric):
    """`marks` says who is a champion and who was one, by the hash of the user id and the last event that says so.

    `former` has the mark before each. `seen` is when (UTC) each was seen last, which begins with the moment at which
    they became a champion. The rhythm is that of all champions together. It begins anew when one of them leaves. Of the
    champions the five seen last are kept, and of the former ones the five marked last.
    """

    __slots__ = ("days", "events", "first_day", "former", "last_day", "marks", "prior_gap", "saved", "seen")

    def __init__(self, definition: Silence, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition.name, index, curves)
        self.events = definition.events
        self.prior_gap = float(definition.prior_gap)
        self.marks: dict[int, Mark] = {}
        self.former: dict[int, Mark] = {}
        self.seen: dict[int, float] = {}
        self.first_day = 0
        self.last_day = 0
        self.days = 0
        self.saved: Any = None

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        if event.user_id is None:
            return False
        says = said_of_person(event).get("champion") if event.name in PEOPLE_EVENTS else None
        if not isinstance(says, bool) and not self.marks:
            return False
        person = hash64(event.user_id)
        # A live event from before the account began has a wrong clock or comes late: it is of the first day.
        seen_at = max(moment, context.born)
        is_active = event.name in self.events and self._is_champion(person) and seen_at > self.seen[person]
        if not isinstance(says, bool) and not is_active:
            return False
        self.saved = (dict(self.marks), dict(self.former), dict(self.seen), self.first_day, self.last_day, self.days)
        if isinstance(says, bool):
            self._mark(person, (moment, says, id_hash(event)), seen_at)
        if is_active and self._is_champion(person):
            self._see(person, seen_at, context)
        return True

    def _is_champion(self, person: int) -> bool:
        mark = self.marks.get(person)
        return mark is not None and mark[1]

    def _mark(self, person: int, mark: Mark, seen_at: float) -> None:
        was = self._is_champion(person)
        write_newest(self.marks, self.former, person, mark)
        if not was and self._is_champion(person):
            self.seen[person] = max(seen_at, self.seen.get(person, -inf))
        elif was and not self._is_champion(person):
            self._forget_rhythm()
        self._keep_newest()

    def _see(self, person: int, seen_at: float, context: Context) -> None:
        self.seen[person] = seen_at
        day = local_day(seen_at, context.zone)
        if self.days == 0:
            self.first_day = self.last_day = day
            self.days = 1
        elif day > self.last_day:
            self.last_day = day
            self.days += 1

    def _forget_rhythm(self) -> None:
        self.first_day = self.last_day = self.days = 0

    def _keep_newest(self) -> None:
        present = sorted([person for person, mark in self.marks.items() if mark[1]], key=self._seen_at)
        others = sorted([person for person, mark in self.marks.items() if not mark[1]], key=self._marked_at)
        for newest in (present, others):
            for person in newest[: max(len(newest) - CHAMPIONS, 0)]:
                del self.marks[person]
                self.former.pop(person, None)
                self.seen.pop(person, None)

    def _seen_at(self, person: int) -> float:
        return self.seen[person]

    def _marked_at(self, person: int) -> float:
        return self.marks[person][0]

    def rename_person(self, person: int, substitute: int) -> bool:
        if person not in self.marks:
            return False
        self.marks = renamed(self.marks, person, substitute)
        self.former = renamed(self.former, person, substitute)
        self.seen = renamed(self.seen, person, substitute)
        return True

    def undo(self) -> None:
        self.marks, self.former, self.seen, self.first_day, self.last_day, self.days = self.saved

    def retract(self, by: int) -> bool:
        """Takes back that somebody became a champion, or left. What they did stays counted."""
        before = [person for person in self.marks if self._is_champion(person)]
        undone = take_back(self.marks, self.former, by, hash_at=MARK_HASH)
        for person in before:
            if not self._is_champion(person):
                self._forget_rhythm()
        for person, mark in self.marks.items():
            if mark[1] and person not in self.seen:
                self.seen[person] = mark[0]
        for person in [person for person in self.seen if person not in self.marks]:
            del self.seen[person]
        return undone

    def project(self, context: Context) -> None:
        last = max([self.seen[person] for person in self.marks if self._is_champion(person)], default=-inf)
        if last == -inf:
            self.has_value = False
            return
        spanned = context.clock.days_between(self.first_day, self.last_day, context.zone)
        rate = suspicion_rate(self.prior_gap, spanned, self.days)
        self.drift(context, max(context.clock.operational(last), context.born_tau), 0.0, rate)

    def dump(self) -> object:
        return (self.marks, self.former, self.seen, self.first_day, self.last_day, self.days) if self.marks else None

    def restore(self, state: Any) -> None:
        marks, former, self.seen, self.first_day, self.last_day, self.days = state
        self.marks, self.former = marks_of(marks), marks_of(former)


def make_silence(definition: Silence, index: int, curves: list[Curve], others: OtherMetrics) -> Metric:
    if definition.of_champions:
        return ChampionSilenceMetric(definition, index, curves, others)
    return SilenceMetric(definition, index, curves, others)
