"""milestone: what a card says of steps with due dates."""

from collections.abc import Iterator, Mapping
from typing import ClassVar

from msgspec import field

from scoring.health.metrics.definition import CardProblem, MetricDefinition
from scoring.health.metrics.keys import DURATION, CardKey, ValueType

PLANNED = "milestone.planned"
REACHED = "milestone.reached"


class Milestone(MetricDefinition, frozen=True, kw_only=True, tag="milestone"):
    """Steps that are due: 100 until then, falling to 0 over `grace`; done is 100.

    `steps` are due this many days after the account's start; `planned` takes any step that `milestone.planned` names
    and no card does.
    """

    steps: dict[str, float] = field(default_factory=dict)
    planned: bool = False
    grace: float = 14.0

    has_steps: ClassVar[bool] = True
    about: ClassVar[str] = "Steps that are due: 100 until then, falling to 0 over the grace; done is 100."
    keys: ClassVar[dict[str, CardKey]] = {
        "steps": CardKey(ValueType("steps"), "Steps and when they are due after the account's start."),
        "planned": CardKey(ValueType("switch"), "Take the steps that milestone.planned names, too."),
        "grace": CardKey(DURATION, "From due to 0 points (default 14d)."),
    }

    @property
    def listens(self) -> tuple[str, ...]:
        return (PLANNED, REACHED)

    @property
    def step_names(self) -> tuple[str, ...]:
        return tuple(self.steps)

    def owns_step(self, step: str, others: frozenset[str]) -> bool:
        return step in self.steps or (self.planned and step not in others)

    def problems(self, metrics: Mapping[str, MetricDefinition]) -> Iterator[CardProblem]:
        if not self.steps and not self.planned:
            yield CardProblem("", "needs 'steps', or 'planned: true'")
