"""rate: a decayed count of events."""

from typing import Any, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.curve import Curve
from scoring.health.metrics.decaying_count import DecayingCountMetric
from scoring.health.metrics.metric import OtherMetrics
from scoring.health.metrics.rate.definition import Rate
from scoring.health.properties import weight_of


@final
class RateMetric(DecayingCountMetric):
    """`weight_property` names what counts instead of 1."""

    __slots__ = ("weight_property",)

    def __init__(self, definition: Rate, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition, index, curves)
        self.weight_property = definition.weight

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        weight = weight_of(event, self.weight_property)
        if weight == 0.0:
            return False
        self.count(weight, moment, tau)
        return True

    def dump(self) -> object:
        return None if self.sum.empty else self.dump_sum()

    def restore(self, state: Any) -> None:
        self.restore_sum(state)
