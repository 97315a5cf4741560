"""What every kind of metric can do. A metric is one bounded state, fed by events, read as a path."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar

from common.contracts.events import Event
from scoring.core import card
from scoring.core.context import Context
from scoring.core.curve import Curve, Drift
from scoring.core.path import Path


class Metric(ABC):
    """A definition from the card, made ready to run. Immutable: states are handed in and changed in place.

    `states` and `paths` are those of all metrics of the card, `index` says which are this one's, `needs` which
    others it reads.
    """

    state_type: ClassVar[type[Any]]
    events: tuple[str, ...]
    needs: tuple[int, ...] = ()

    def __init__(self, definition: card.Metric, index: int) -> None:
        self.name = definition.name
        self.dimension = definition.dimension
        self.share = definition.share
        self.stages = definition.stages or card.STAGES
        self.index = index

    @abstractmethod
    def apply(self, state: Any, event: Event, *, moment: float, context: Context) -> bool:
        """Takes an event that happened at `moment`; says whether the state is another one now."""

    @abstractmethod
    def path(self, states: Sequence[Any], context: Context, paths: Sequence[Path]) -> Path:
        """Points from the newest moment of the state on; `paths` has those that this metric needs."""

    def drift(self, states: Sequence[Any], context: Context) -> Drift | None:
        """How the value moves in silence, in its curve's terms; None if there is no value."""
        return None

    def curve(self, stage: card.Stage) -> Curve | None:
        return None

    def steps(self, states: Sequence[Any], context: Context) -> list[tuple[float, str]]:
        """What is still to be done: (due, name)."""
        return []

    def value(self, states: Sequence[Any], context: Context, *, moment: float) -> float | None:
        drift, curve = self.drift(states, context), self.curve(context.stage)
        if drift is None or curve is None:
            return None
        x = drift.at(moment)
        return None if x is None else curve.value_of(x)


class CurvedMetric(Metric):
    """A metric whose points come from its value by a curve."""

    def __init__(self, definition: card.Curved, index: int, *, logarithmic: bool) -> None:
        super().__init__(definition, index)
        self._curves = {
            stage: Curve(definition.curves.get(stage) or definition.curves[card.DEFAULT], logarithmic=logarithmic)
            for stage in card.STAGES
        }

    def curve(self, stage: card.Stage) -> Curve:
        return self._curves[stage]
