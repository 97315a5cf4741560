"""gauge of "arr/arr_peak_12m": what the contract is worth now against its highest value of the last twelve months."""

from bisect import bisect_right
from math import inf
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
    """`amounts` are those of a year that at most one later one reaches, in order of time.

    An amount that a later one reaches is the peak again only if that one is retracted.
    """

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
        amounts = _kept([*self.amounts[:place], (moment, id_hash(event), amount), *self.amounts[place:]])
        if amounts == self.amounts:
            return False
        self.saved_amounts = self.amounts
        self.amounts = amounts
        return True

    def undo(self) -> None:
        self.amounts = self.saved_amounts

    def retract(self, by: int) -> bool:
        amounts = [amount for amount in self.amounts if amount[1] != by]
        undone = len(amounts) < len(self.amounts)
        self.amounts = amounts
        return undone

    def reading(self, clock: Clock) -> tuple[float, float] | None:
        if not self.amounts:
            return None
        newest = self.amounts[-1]
        peak = max([amount[2] for amount in self.amounts if newest[0] - amount[0] <= _YEAR])
        return (newest[0], newest[2] / peak) if peak > 0.0 else None

    def dump(self) -> object:
        return (self.amounts,) if self.amounts else None

    def restore(self, state: Any) -> None:
        self.amounts = [(each[0], each[1], each[2]) for each in state[0]]


def _moment_of(amount: Amount) -> float:
    return amount[0]


def _kept(amounts: list[Amount]) -> list[Amount]:
    """Of amounts in order of time those that may be the peak, with the newest or after it is retracted."""
    # If the newest is retracted, the year ends with the one before it.
    newest = amounts[-2:][0][0]
    kept: list[Amount] = []
    # The two largest of those that come later.
    largest, second = -inf, -inf
    for amount in reversed(amounts):
        if newest - amount[0] > _YEAR:
            break
        if amount[2] > second:
            kept.append(amount)
            largest, second = max(largest, amount[2]), max(second, min(largest, amount[2]))
    kept.reverse()
    if len(kept) <= _MOST_AMOUNTS:
        return kept
    highest = sorted(kept[:-2], key=lambda amount: (-amount[2], -amount[0]))[: _MOST_AMOUNTS - 2]
    return [*sorted(highest, key=_moment_of), *kept[-2:]]
