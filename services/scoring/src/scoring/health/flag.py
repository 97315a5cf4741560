"""A flag of one account: while it is up the score is at most its cap, which rises to 100 over its time to live."""

from math import inf, nextafter
from typing import TYPE_CHECKING, Any, Final, final

from scoring.health.context import Context
from scoring.health.metrics.metric import Metric
from scoring.health.moments import DAY
from scoring.health.trajectory import Trajectory

if TYPE_CHECKING:
    from scoring.health.card import Flag

UNCAPPED: Final = 100.0


@final
class AccountFlag(Trajectory):
    """Its trajectory is the cap; no points while it is down.

    Raised and cleared by events, at UTC moments `raised` and `cleared`: up if the raising is the later. Or derived: up
    while the value of `watched` is above (`above`) or below `bound`, which is on the axis of that metric's curve;
    `inclusive` if the bound itself counts as beyond.
    """

    __slots__ = (
        "above", "bound", "cap", "clear_on", "cleared", "inclusive", "raise_on", "raised", "rise", "ttl",
        "watched",
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
        self.raised = -inf
        self.cleared = -inf

    def feed(self, event_name: str, moment: float) -> bool:
        raised, cleared = self.raised, self.cleared
        if event_name in self.raise_on:
            self.raised = max(raised, moment)
        if event_name in self.clear_on:
            self.cleared = max(cleared, moment)
        return raised != self.raised or cleared != self.cleared

    def project(self, context: Context) -> None:
        self.pieces = []
        watched = self.watched
        if watched is not None:
            if watched.has_value and self.bound is not None:
                self._watch(watched, self.bound)
        elif self.raised > self.cleared:
            self._up(context.clock.operational(self.raised), inf)

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
        return (self.raised, self.cleared) if self.raised > -inf or self.cleared > -inf else None

    def restore(self, state: Any) -> None:
        self.raised, self.cleared = state
