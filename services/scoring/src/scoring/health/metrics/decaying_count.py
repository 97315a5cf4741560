"""The base of decayed counts: of events, of days. In silence the logarithm of a count falls steadily."""

from math import exp, log

from scoring.health.context import Context
from scoring.health.curve import Curve, log_or_less
from scoring.health.decay import LN2, DecayingSum, decay_rate
from scoring.health.metrics.definition import DecayedCountDefinition
from scoring.health.metrics.drifting import DriftingMetric


class DecayingCountMetric(DriftingMetric):
    """`log_scale` turns the logarithm of the sum into that of the curve's value. `prior` is what a new account is
    given; it decays from `born` on and is kept out of the state, so that it does not matter which event came first.
    """

    __slots__ = ("decay", "log_scale", "prior", "sum")

    def __init__(self, definition: DecayedCountDefinition, index: int, curves: list[Curve]) -> None:
        super().__init__(definition.name, index, curves)
        self.decay = decay_rate(definition.half_life)
        # The weekly rate that would keep a decayed count of 1 where it is.
        per_week = LN2 / definition.half_life * 7.0
        self.log_scale = log(per_week) if definition.per_week else 0.0
        self.prior = definition.prior_per_week / per_week
        self.sum = DecayingSum()

    def undo(self) -> None:
        self.sum.undo()

    def rebase(self, context: Context) -> None:
        self.sum.rebase(context.clock)

    def project(self, context: Context) -> None:
        # The prior decays like any event, from the account's earliest moment on.
        base = max(self.sum.newest_tau, context.born_tau)
        total = self.sum.total
        # The midnight of a day that counts may be earlier than the account's earliest moment.
        if total != 0.0 and base > self.sum.newest_tau:
            total *= exp((self.sum.newest_tau - base) * self.decay)
        if self.prior != 0.0:
            total += self.prior * exp((context.born_tau - base) * self.decay)
        self.drift(context, base, log_or_less(total) + self.log_scale, -self.decay)
