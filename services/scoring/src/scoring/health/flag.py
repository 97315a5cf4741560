"""A flag of one account: while it is up the score is at most its cap, which rises to 100 over its time to live."""

from math import inf, nextafter
from typing import Any, Final, final

from scoring.health.context import Context
from scoring.health.metrics.metric import Metric
from scoring.health.trajectory import Trajectory

UNCAPPED: Final = 100.0


@final
class AccountFlag(Trajectory):
    """Its trajectory is the cap; no points while it is down.

    Raised and cleared by events, at UTC moments `raised` and `cleared`: up if the raising is the later. Or derived: up
    while the value of `watched` is on the side `above` (else below) of the bound of the stage; `inclusive` if the bound
    itself belongs to that side.
    """

    __slots__ = (
        "above", "bounds", "cap", "clear_on", "cleared", "inclusive", "raise_on", "raised", "rise", "ttl",
        "watched",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        index: int,
        *,
        cap: float,
        ttl: float,
        raise_on: tuple[str, ...],
        clear_on: tuple[str, ...],
        watched: Metric | None,
        above: bool,
        inclusive: bool,
        bounds: list[float],
    ) -> None:
        """`ttl` is operational seconds, `bounds` are by stage in the terms of the watched metric's curve."""
        super().__init__(name, index)
        self.cap = cap
        self.ttl = ttl
        self.rise = (UNCAPPED - cap) / ttl
        self.raise_on = raise_on
        self.clear_on = clear_on
        self.watched = watched
        self.above = above
        self.inclusive = inclusive
        self.bounds = bounds
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
            if watched.drifts and self.bounds:
                self._watch(watched, self.bounds[context.stage])
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
        if velocity == 0.0 or x == -inf:
            beyond = self.inclusive if x == bound else (x > bound) == self.above
            if not beyond:
                return
        else:
            crossing = metric.base + (bound - x) / velocity
            enters = self.above == (velocity > 0.0)
            if self.inclusive != enters:
                # The crossing itself belongs to the other side.
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
