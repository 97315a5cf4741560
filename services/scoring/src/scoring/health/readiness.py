"""Whether an account is ready for expansion: a trajectory that is there while the card's conditions hold in silence.

It has no part in the score. Once the conditions hold they are asked at easier bounds, so that a value
near its bound does not end it.
"""

from math import inf
from typing import Final, final

from scoring.health.metrics.metric import Metric
from scoring.health.trajectory import Trajectory
from scoring.health.watching import beyond

_POINTS: Final = 100.0


@final
class ReadinessCondition:
    """A metric, and the bounds on the axis of its curve: `enter` to become ready, `leave` to stay so."""

    __slots__ = ("above", "enter", "inclusive", "leave", "metric")

    def __init__(self, metric: Metric, enter: float, leave: float, *, above: bool, inclusive: bool) -> None:
        self.metric = metric
        self.enter = enter
        self.leave = leave
        self.above = above
        self.inclusive = inclusive


@final
class ExpansionReadiness(Trajectory):
    """Available while all `conditions` hold; its points mean nothing.

    `ready` is what the account was found to be last. It says which bounds count: `leave` if ready, else `enter`.
    """

    __slots__ = ("conditions", "ready")

    def __init__(self, conditions: list[ReadinessCondition]) -> None:
        super().__init__("", -1)
        self.conditions = conditions
        self.ready = False

    @property
    def has_changed(self) -> bool:
        """Whether the last evaluation finds the account ready where it was not, or the other way round."""
        return self.available != self.ready

    def project(self) -> None:
        """To be called after its metrics were projected, and when `ready` has changed."""
        since, until = -inf, inf
        for each in self.conditions:
            bound = each.leave if self.ready else each.enter
            begin, end = beyond(each.metric, bound, above=each.above, inclusive=each.inclusive)
            since, until = max(since, begin), min(until, end)
        self.pieces = []
        if since < until:
            self.pieces += [(-inf, None, 0.0), (since, _POINTS, 0.0)]
            if until != inf:
                self.pieces.append((until, None, 0.0))
