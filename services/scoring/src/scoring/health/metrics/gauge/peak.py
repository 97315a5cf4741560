"""gauge of "arr/arr_peak_12m": what the contract is worth now against its highest value of the last twelve months."""

from bisect import bisect_right
from typing import Any, Final, final

from common.contracts.events import Event
from scoring.health.clock import Clock
from scoring.health.context import Context
from scoring.health.curve import Curve
from scoring.health.metrics.gauge.definition import Gauge
from scoring.health.metrics.gauge.fading import FadingMetric
from scoring.health.metrics.metric import OtherMetrics
from scoring.health.moments import DAY
from scoring.health.properties import id_hash, number

_YEAR: Final = 365.0 * DAY
# Bounds the state. If a contract fell more often within a year, its highest amounts and the newest are kept.
_MOST_AMOUNTS: Final = 64

# When (UTC), the hash of the event's id, how much.
Amount = tuple[float, int, float]


@final
class PeakMetric(FadingMetric):
    """`amounts` are those of the last year that no later one reaches, so they fall; the newest comes last."""

    __slots__ = ("amounts", "saved_amounts")

    def __init__(self, definition: Gauge, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition, index, curves, others)
        self.amounts: list[Amount] = []
        self.saved_amounts = self.amounts

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        amount = number(event.properties.get("arr"))
        if amount is None:
            return False
        # Of two at one moment the later in the log comes last.
        place = bisect_right(self.amounts, moment, key=_moment_of)
        amounts = _falling([*self.amounts[:place], (moment, id_hash(event), amount), *self.amounts[place:]])
        if amounts == self.amounts:
            return False
        self.saved_amounts = self.amounts
        self.amounts = amounts
        return True

    def undo(self) -> None:
        self.amounts = self.saved_amounts

    def reading(self, clock: Clock) -> tuple[float, float] | None:
        if not self.amounts or self.amounts[0][2] <= 0.0:
            return None
        newest = self.amounts[-1]
        return newest[0], newest[2] / self.amounts[0][2]

    def dump(self) -> object:
        return (self.amounts,) if self.amounts else None

    def restore(self, state: Any) -> None:
        self.amounts = [(each[0], each[1], each[2]) for each in state[0]]


def _moment_of(amount: Amount) -> float:
    return amount[0]


def _falling(amounts: list[Amount]) -> list[Amount]:
    """Amounts in order of time, without those older than a year or reached again later."""
    newest = amounts[-1][0]
    kept: list[Amount] = []
    for amount in amounts:
        if newest - amount[0] > _YEAR:
            continue
        # An amount that a later one reaches can never be the peak again.
        while kept and kept[-1][2] <= amount[2]:
            kept.pop()
        kept.append(amount)
    return kept if len(kept) <= _MOST_AMOUNTS else [*kept[: _MOST_AMOUNTS - 1], kept[-1]]
