"""A flag of one account: while it is up the score is at most its cap, which rises to 100 over its time to live."""

from math import inf, nextafter
from typing import TYPE_CHECKING, Any, Final, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.metrics.metric import Metric
from scoring.health.moments import DAY
from scoring.health.properties import id_hash
from scoring.health.trajectory import Trajectory

if TYPE_CHECKING:
    from scoring.health.card import Flag

UNCAPPED: Final = 100.0
_FORMER_LENGTH: Final = 2

# When (UTC) it was raised (True) or cleared, and the hash of the event's id.
Mark = tuple[float, bool, int]


@final
class AccountFlag(Trajectory):
    """Its trajectory is the cap; no points while it is down.

    Raised and cleared by events: `mark` is the last of them by event time, of two at one moment the later in the log.
    Or derived: up while the value of `watched` is above (`above`) or below `bound`, which is on the axis of that
    metric's curve; `inclusive` if the bound itself counts as beyond.
    """

    __slots__ = (
        "above", "bound", "cap", "clear_on", "inclusive", "mark", "raise_on", "rise", "ttl", "watched",
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
        self.mark: Mark | None = None

    def feed(self, event: Event, moment: float) -> bool:
        if self.mark is not None and self.mark[0] > moment:
            return False
        # An event that is named for both clears.
        self.mark = (moment, event.name not in self.clear_on, id_hash(event))
        return True

    def project(self, context: Context) -> None:
        self.pieces = []
        watched = self.watched
        if watched is not None:
            if watched.has_value and self.bound is not None:
                self._watch(watched, self.bound)
        elif self.mark is not None and self.mark[1]:
            self._up(context.clock.operational(self.mark[0]), inf)

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
        return self.mark

    def restore(self, state: Any) -> None:
        """Takes what `dump` gave, or the moments of the last raising and the last clearing, as former formats have."""
        if len(state) == _FORMER_LENGTH:
            raised, cleared = state
            self.mark = (raised, True, 0) if raised > cleared else (cleared, False, 0)
        else:
            self.mark = (state[0], state[1], state[2])
