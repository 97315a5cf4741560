"""A flag of one account: while it is up the score is at most its cap, which rises to 100 over its time to live."""

from math import inf, nextafter
from typing import TYPE_CHECKING, Any, Final, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.hashing import hash64
from scoring.health.metrics.metric import Metric
from scoring.health.moments import DAY
from scoring.health.properties import id_hash, key_of
from scoring.health.trajectory import Trajectory

if TYPE_CHECKING:
    from scoring.health.card import Flag

UNCAPPED: Final = 100.0
_FORMER_LENGTH: Final = 2
# The key of an event that is about the account as a whole.
_NOTHING: Final = 0
# Of more open keys the oldest by event time is given up.
_MOST_OPEN: Final = 32

# When (UTC) it was raised (True) or cleared, and the hash of the event's id.
Mark = tuple[float, bool, int]


@final
class AccountFlag(Trajectory):
    """Its trajectory is the cap; no points while it is down.

    Raised and cleared by events: `marks` has the last of them by event time for each key, of two at one moment the
    later in the log; the key is the hash of what an event is about, or of nothing. It is up while a key is raised
    (open). An event that is about nothing and clears, clears all (`cleared`, a UTC moment). `dropped` counts the open
    keys that were given up for newer ones.

    Or derived: up while the value of `watched` is above (`above`) or below `bound`, which is on the axis of that
    metric's curve; `inclusive` if the bound itself counts as beyond.
    """

    __slots__ = (
        "above", "bound", "cap", "clear_on", "cleared", "dropped", "inclusive", "key", "marks", "raise_on", "rise",
        "ttl", "watched",
    )  # fmt: skip

    def __init__(self, definition: "Flag", index: int, watched: Metric | None, bound: float | None) -> None:
        super().__init__(definition.name, index)
        when = definition.when
        self.cap = float(definition.cap)
        self.ttl = inf if definition.ttl is None else definition.ttl * DAY
        self.rise = (UNCAPPED - self.cap) / self.ttl
        self.raise_on = definition.events
        self.clear_on = definition.clear_on
        self.watched = watched
        self.bound = bound
        self.above = when is not None and when.op.startswith(">")
        self.inclusive = when is not None and when.op.endswith("=")
        self.key = definition.key if isinstance(definition.key, str) else None
        self.marks: dict[int, Mark] = {}
        self.cleared = -inf
        self.dropped = 0

    @property
    def count(self) -> int:
        """How many keys are raised."""
        return len(self._raised())

    def feed(self, event: Event, moment: float) -> bool:
        about = None if self.key is None else key_of(event, self.key)
        key = _NOTHING if about is None else hash64(about)
        # An event that is named for both clears.
        raises = event.name not in self.clear_on
        if not raises and about is None:
            if moment < self.cleared:
                return False
            self.cleared = moment
            self.marks = {each: mark for each, mark in self.marks.items() if mark[0] > moment}
            return True
        mark = self.marks.get(key)
        if moment < self.cleared or (mark is not None and mark[0] > moment):
            return False
        self.marks = {**self.marks, key: (moment, raises, id_hash(event))}
        self._keep_newest()
        return True

    def _raised(self) -> dict[int, Mark]:
        return {key: mark for key, mark in self.marks.items() if mark[1]}

    def _keep_newest(self) -> None:
        """Bounds the marks: of those that are up, and of those that are down, the oldest goes."""
        raised = self._raised()
        for up in (True, False):
            marks = raised if up else {key: mark for key, mark in self.marks.items() if not mark[1]}
            if len(marks) > _MOST_OPEN:
                del self.marks[min(marks, key=lambda key: (marks[key][0], key))]
                self.dropped += up

    def project(self, context: Context) -> None:
        self.pieces = []
        watched = self.watched
        if watched is not None:
            if watched.has_value and self.bound is not None:
                self._watch(watched, self.bound)
        elif raised := self._raised():
            # All have the same cap and time to live, so the newest caps the score most and longest.
            self._up(context.clock.operational(max([mark[0] for mark in raised.values()])), inf)

    def _up(self, since: float, until: float) -> None:
        self.pieces += [(-inf, None, 0.0), (since, self.cap, self.rise)]
        end = min(since + self.ttl, until)
        if end != inf:
            self.pieces.append((end, None, 0.0))

    def _watch(self, metric: Metric, bound: float) -> None:
        """Up while the metric's value is beyond the bound."""
        x, velocity = metric.x, metric.velocity
        since, until = metric.base, metric.until
        # A value that stays, or zero on a logarithmic axis, is on one side for ever.
        if velocity == 0.0 or x == -inf:
            beyond = self.inclusive if x == bound else (x > bound) == self.above
            if not beyond:
                return
        else:
            crossing = metric.base + (bound - x) / velocity
            enters = self.above == (velocity > 0.0)
            if self.inclusive != enters:
                # At the crossing itself the value is still, or already, on the other side.
                crossing = nextafter(crossing, inf)
            if enters:
                since = max(since, crossing)
            else:
                until = min(until, crossing)
        if since < until:
            self._up(since, until)

    def dump(self) -> object:
        return (self.marks, self.cleared, self.dropped) if self.marks or self.cleared > -inf else None

    def restore(self, state: Any) -> None:
        """Takes what `dump` gave, or the moments of the last raising and the last clearing, as former formats have."""
        if len(state) == _FORMER_LENGTH:
            raised, self.cleared = state
            self.marks = {_NOTHING: (raised, True, 0)} if raised > self.cleared else {}
        else:
            marks, self.cleared, self.dropped = state
            self.marks = {key: (mark[0], mark[1], mark[2]) for key, mark in marks.items()}
