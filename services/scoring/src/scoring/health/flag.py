"""A flag of one account: while it is up the score is at most its cap, which rises to 100 over its time to live."""

from math import inf
from typing import Any, Final, final

from common.contracts.events import Event
from scoring.health.card import UNCAPPED, Flag, Where
from scoring.health.context import Context
from scoring.health.former_values import MARK_HASH, Mark, marks_of, take_back, write_newest
from scoring.health.hashing import hash64
from scoring.health.metrics.metric import Metric
from scoring.health.metrics.sample import renamed
from scoring.health.moments import DAY
from scoring.health.properties import id_hash, key_of, number
from scoring.health.trajectory import Trajectory
from scoring.health.watching import beyond

_LENGTH: Final = 5
_LENGTH_WITHOUT_MARKS: Final = 2
# The key of an event that is about the account as a whole.
_NOTHING: Final = 0
# Of more open keys the oldest by event time is given up; of equals the one known longest, for ids may change.
_MOST_OPEN: Final = 32


@final
class AccountFlag(Trajectory):
    """Its trajectory is the cap; no points while it is down. A flag that caps nothing (not `caps`) has 100 points.

    Raised and cleared by events: a key is the hash of what an event is about, or of nothing. `marks` has for each key
    its last event by event time, of two at one moment the later in the log. The flag is up while a key is raised
    (open). A clearing event that is about nothing clears all keys. `clearing` has the last such event; it is the mark
    of every key without one. An event that does not satisfy `raised_if` clears its own key alone, because what one
    person answers says nothing of another. `former` has the mark before each, `former_clearing` the clearing before
    the last. `dropped` counts the open keys that were given up for newer ones.

    Or derived: up while the value of `watched` is above (`above`) or below `bound`, which is on the axis of that
    metric's curve; `inclusive` if the bound itself counts as beyond. `hold` is how long (operational seconds) that has
    to last before the flag is shown or told. Where it is 0, the flag is shown at once, and told after the minimum
    duration of the bands. `tells` if it is told at all.
    """

    __slots__ = (
        "above", "bound", "cap", "caps", "clear_on", "clearing", "dropped", "former", "former_clearing", "hold",
        "inclusive", "key", "marks", "raise_on", "raised_if", "rise", "tells", "ttl", "watched",
    )  # fmt: skip

    def __init__(self, definition: Flag, index: int, watched: Metric | None, bound: float | None) -> None:
        super().__init__(definition.name, index)
        when = definition.when
        self.cap = float(definition.cap)
        self.caps = self.cap < UNCAPPED
        self.ttl = inf if definition.ttl is None else definition.ttl * DAY
        self.rise = (UNCAPPED - self.cap) / self.ttl
        self.raise_on = definition.events
        self.clear_on = definition.clear_on
        self.watched = watched
        self.bound = bound
        self.above = when is not None and when.op.startswith(">")
        self.inclusive = when is not None and when.op.endswith("=")
        self.key = definition.key if isinstance(definition.key, str) else None
        self.raised_if = definition.raised_if if isinstance(definition.raised_if, Where) else None
        self.hold = definition.hold * DAY if isinstance(definition.hold, (int, float)) else 0.0
        self.tells = definition.tell is not False
        self.marks: dict[int, Mark] = {}
        self.former: dict[int, Mark] = {}
        self.clearing: dict[int, Mark] = {}
        self.former_clearing: dict[int, Mark] = {}
        self.dropped = 0

    @property
    def count(self) -> int:
        """How many keys are raised; of a derived flag 1."""
        return len(self._raised()) if self.watched is None else 1

    def feed(self, event: Event, moment: float) -> bool:
        about = None if self.key is None else key_of(event, self.key)
        key = _NOTHING if about is None else hash64(about)
        # An event that is named for both clears.
        clears = event.name in self.clear_on
        raises = not clears and (self.raised_if is None or _satisfies(event, self.raised_if))
        mark = (moment, raises, id_hash(event))
        if clears and about is None:
            changed = write_newest(self.clearing, self.former_clearing, _NOTHING, mark)
            for each in list(self.marks):
                changed = write_newest(self.marks, self.former, each, mark) or changed
        else:
            # A clearing of all keys that came before counts for a new key, too.
            if key not in self.marks and self.clearing:
                self.marks[key] = self.clearing[_NOTHING]
                if self.former_clearing:
                    self.former[key] = self.former_clearing[_NOTHING]
            changed = write_newest(self.marks, self.former, key, mark)
        self._keep_newest()
        return changed

    def retract(self, by: int) -> bool:
        """Takes back what the event with this hash raised or cleared; whether anything of that counted."""
        undone = take_back(self.clearing, self.former_clearing, by, hash_at=MARK_HASH)
        return take_back(self.marks, self.former, by, hash_at=MARK_HASH) or undone

    def rename_person(self, person: int, substitute: int) -> bool:
        """Both are hashes of user ids. Whether the flag knew the person: its keys may be people."""
        if self.key != "user_id" or person not in self.marks:
            return False
        self.marks = renamed(self.marks, person, substitute)
        self.former = renamed(self.former, person, substitute)
        return True

    def _raised(self) -> dict[int, Mark]:
        return {key: mark for key, mark in self.marks.items() if mark[1]}

    def _keep_newest(self) -> None:
        """Bounds the marks: of those that are up, and of those that are down, the oldest are dropped."""
        raised = self._raised()
        for up in (True, False):
            marks = raised if up else {key: mark for key, mark in self.marks.items() if not mark[1]}
            # An event that clears all keys brings many down at once.
            for key in sorted(marks, key=lambda key: marks[key][0])[: max(len(marks) - _MOST_OPEN, 0)]:
                del self.marks[key]
                self.dropped += up
        if self.former.keys() - self.marks.keys():
            self.former = {key: mark for key, mark in self.former.items() if key in self.marks}

    def project(self, context: Context) -> None:
        self.pieces = []
        watched = self.watched
        if watched is not None:
            if self.bound is not None:
                since, until = beyond(watched, self.bound, above=self.above, inclusive=self.inclusive)
                if since < until:
                    self._up(since, until)
        elif raised := self._raised():
            # All have the same cap and time to live, so the newest caps the score most and longest.
            self._up(context.clock.operational(max([mark[0] for mark in raised.values()])), inf)

    def _up(self, since: float, until: float) -> None:
        self.pieces += [(-inf, None, 0.0), (since, self.cap, self.rise)]
        end = min(since + self.ttl, until)
        if end != inf:
            self.pieces.append((end, None, 0.0))

    def dump(self) -> object:
        if not self.marks and not self.clearing and not self.dropped:
            return None
        return self.marks, self.dropped, self.former, self.clearing, self.former_clearing

    def restore(self, state: Any) -> None:
        """Takes what `dump` gave, or what former formats have.

        These are the moments of the last raising and of the last clearing; or marks, the moment of the last clearing,
        and how many were dropped.
        """
        if len(state) < _LENGTH:
            self._restore_former(state)
            return
        marks, self.dropped, former, clearing, former_clearing = state
        self.marks, self.former = marks_of(marks), marks_of(former)
        self.clearing, self.former_clearing = marks_of(clearing), marks_of(former_clearing)

    def _restore_former(self, state: Any) -> None:
        if len(state) == _LENGTH_WITHOUT_MARKS:
            raised, cleared = state
            self.marks = {_NOTHING: (raised, True, 0)} if raised > cleared else {}
        else:
            marks, cleared, self.dropped = state
            self.marks = marks_of(marks)
        # Those formats did not store which event it was.
        if cleared > -inf:
            self.clearing = {_NOTHING: (cleared, False, 0)}


def _satisfies(event: Event, where: Where) -> bool:
    """Whether the property is a number for which the comparison holds."""
    value = number(event.properties.get(where.property))
    if value is None:
        return False
    if value == where.value:
        return where.op.endswith("=")
    return (value > where.value) == where.op.startswith(">")
