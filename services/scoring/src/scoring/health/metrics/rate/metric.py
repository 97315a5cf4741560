"""rate: a decayed count. In silence its logarithm falls steadily."""

from math import exp, log
from typing import Any, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.curve import Curve, log_or_less
from scoring.health.decay import LN2, DecayingSum, decay_rate
from scoring.health.metrics.drifting import DriftingMetric
from scoring.health.metrics.metric import OtherMetrics
from scoring.health.metrics.rate.definition import Rate
from scoring.health.properties import weight_of


@final
class RateMetric(DriftingMetric):
    """`log_scale` turns the logarithm of the sum into that of the curve's value. `prior` is what a new account is
    given; it decays from `born` on and is kept out of the state, so that it does not matter which event came first.
    """

    __slots__ = ("decay", "log_scale", "prior", "sum", "weight_property")

    def __init__(self, definition: Rate, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition.name, index, curves)
        self.decay = decay_rate(definition.half_life)
        self.weight_property = definition.weight
        # The weekly rate that would keep a decayed count of 1 where it is.
        per_week = LN2 / definition.half_life * 7.0
        self.log_scale = log(per_week) if definition.per_week else 0.0
        self.prior = definition.prior_per_week / per_week
        self.sum = DecayingSum()

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        weight = weight_of(event, self.weight_property)
        if weight == 0.0:
            return False
        self.sum.save()
        self.sum.add(weight, moment, tau, self.decay)
        return True

    def undo(self) -> None:
        self.sum.undo()

    def rebase(self, context: Context) -> None:
        self.sum.rebase(context.clock)

    def project(self, context: Context) -> None:
        # The prior decays like any event, from the account's earliest moment on.
        base = max(self.sum.newest_tau, context.born_tau)
        total = self.sum.total
        if self.prior != 0.0:
            total += self.prior * exp((context.born_tau - base) * self.decay)
        self.drift(context, base, log_or_less(total) + self.log_scale, -self.decay)

    def dump(self) -> object:
        return None if self.sum.empty else self.sum.dump()

    def restore(self, state: Any) -> None:
        self.sum.restore(state)
