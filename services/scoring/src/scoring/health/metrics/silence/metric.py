"""silence: suspicion phi grows with the time since the last activity, faster where activity was frequent.

phi = (now - last) / (mean gap of active days * ln 10): 1 is one in ten, 3 is one in a thousand. This is -log10 of the
chance of a gap this long if gaps are exponential. Source: Hayashibara et al., "The phi accrual failure detector", 2004.
"""

from math import inf
from typing import Any, Final, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.curve import Curve
from scoring.health.metrics.drifting import DriftingMetric
from scoring.health.metrics.metric import OtherMetrics
from scoring.health.metrics.silence.definition import Silence
from scoring.health.moments import DAY, local_day

_LN10: Final = 2.302585092994046
# The mean gap starts as this many gaps of `prior_gap`.
_PRIOR_GAPS: Final = 3.0


def suspicion_rate(prior_gap: float, spanned: float, days: int) -> float:
    """How fast suspicion grows, per second, after so many active days that span so many operational days.

    The mean is over the gaps so far and the prior ones: a new account has a rhythm before it shows its own.
    """
    mean_gap = (_PRIOR_GAPS * prior_gap + spanned) / (_PRIOR_GAPS + float(max(days - 1, 0)))
    return 1.0 / (mean_gap * DAY * _LN10)


@final
class SilenceMetric(DriftingMetric):
    """`last` is the UTC moment of the last activity. Active days are days in the account's zone, since the epoch.

    `spanned` is how many operational days lie between the first and the last of them.
    """

    __slots__ = (
        "days", "first_day", "last", "last_day", "last_tau", "optional", "prior_gap", "saved", "saved_spanned",
        "saved_tau", "spanned",
    )  # fmt: skip

    def __init__(self, definition: Silence, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition.name, index, curves)
        self.optional = definition.optional is True
        self.prior_gap = float(definition.prior_gap)
        self.last = -inf
        self.last_tau = -inf
        self.first_day = 0
        self.last_day = 0
        self.days = 0
        self.saved: tuple[float, int, int, int] = (-inf, 0, 0, 0)
        self.saved_tau = -inf
        self.saved_spanned = self.spanned = 0.0

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        # A live event from before the account began has a wrong clock or comes late: it is of the first day.
        if moment < context.born:
            moment, tau = context.born, context.born_tau
        # A late activity changes nothing: the gap that it fell into is counted already.
        if moment <= self.last:
            return False
        self.saved = (self.last, self.first_day, self.last_day, self.days)
        self.saved_tau, self.saved_spanned = self.last_tau, self.spanned
        day = local_day(moment, context.zone)
        if self.days == 0:
            self.first_day = self.last_day = day
            self.days = 1
        elif day > self.last_day:
            self.last_day = day
            self.days += 1
            self._span(context)
        self.last = moment
        self.last_tau = tau
        return True

    def undo(self) -> None:
        self.last, self.first_day, self.last_day, self.days = self.saved
        self.last_tau = self.saved_tau
        self.spanned = self.saved_spanned

    def rebase(self, context: Context) -> None:
        self.last_tau = context.clock.operational(self.last)
        self._span(context)

    def _span(self, context: Context) -> None:
        """Midnights ask a calendar, so they are compared only where a day is new."""
        self.spanned = context.clock.days_between(self.first_day, self.last_day, context.zone)

    def project(self, context: Context) -> None:
        if self.optional and self.days == 0:
            self.has_value = False
            return
        rate = suspicion_rate(self.prior_gap, self.spanned, self.days)
        self.drift(context, max(self.last_tau, context.born_tau), 0.0, rate)

    def dump(self) -> object:
        return (self.last, self.first_day, self.last_day, self.days) if self.days else None

    def restore(self, state: Any) -> None:
        self.last, self.first_day, self.last_day, self.days = state
