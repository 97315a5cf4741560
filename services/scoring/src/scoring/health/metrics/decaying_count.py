"""The base of decayed counts: of events, of days. In silence the logarithm of a count falls steadily."""

from math import exp, log
from typing import Any

from scoring.health.context import Context
from scoring.health.curve import Curve, log_or_less
from scoring.health.decay import LN2, DecayingSum, decay_rate
from scoring.health.metrics.definition import DecayedCountDefinition
from scoring.health.metrics.drifting import DriftingMetric
from scoring.health.metrics.first_event import FirstEvent


class DecayingCountMetric(DriftingMetric):
    """`log_scale` turns the logarithm of the sum into that of the curve's value. `prior` is what a new account is
    given; it decays from `born` on and is kept out of the state, so that it does not matter which event came first.
    An optional metric begins with its `first` event instead, and then it is given the prior.
    """

    __slots__ = ("decay", "first", "log_scale", "prior", "sum")

    def __init__(self, definition: DecayedCountDefinition, index: int, curves: list[Curve]) -> None:
        super().__init__(definition.name, index, curves)
        self.decay = decay_rate(definition.half_life)
        # The weekly rate that would keep a decayed count of 1 where it is.
        per_week = LN2 / definition.half_life * 7.0
        self.log_scale = log(per_week) if definition.per_week else 0.0
        self.prior = definition.prior_per_week / per_week
        self.sum = DecayingSum()
        self.first = FirstEvent() if definition.optional is True else None

    def count(self, weight: float, moment: float, tau: float) -> None:
        """Adds to the sum, so that `undo` can take it back."""
        self.sum.save()
        self.sum.add(weight, moment, tau, self.decay)
        if self.first is not None:
            self.first.note(moment)

    def undo(self) -> None:
        self.sum.undo()
        if self.first is not None:
            self.first.undo()

    def rebase(self, context: Context) -> None:
        self.sum.rebase(context.clock)

    def project(self, context: Context) -> None:
        begins = context.born_tau
        if self.first is not None:
            if self.sum.empty:
                self.has_value = False
                return
            begins = self.first.begins(context)
        # The prior decays like any event, from the account's earliest moment on.
        base = max(self.sum.newest_tau, context.born_tau)
        total, faded = self.sum.total, 0.0
        # The midnight of a day that counts may be earlier than the account's earliest moment.
        if total != 0.0 and base > self.sum.newest_tau:
            faded = (base - self.sum.newest_tau) * self.decay
        if self.prior != 0.0:
            total = total * exp(-faded) + self.prior * exp((begins - base) * self.decay)
            faded = 0.0
        # Without a prior a factor could underflow: what is next to nothing would be nothing.
        self.drift(context, base, log_or_less(total) - faded + self.log_scale, -self.decay)

    def dump_sum(self) -> tuple[float, ...]:
        """The sum, and when an optional metric began."""
        total, newest = self.sum.dump()
        return (total, newest) if self.first is None else (total, newest, self.first.moment)

    def restore_sum(self, state: Any) -> None:
        """Takes what `dump_sum` gave."""
        if self.first is not None:
            self.first.moment = state[2]
        self.sum.restore(state[:2])
