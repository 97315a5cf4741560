"""milestone: what a card says of steps with due dates."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from msgspec import Struct, field

from scoring.health.metrics.definition import CardProblem, EventValue, MetricDefinition
from scoring.health.metrics.keys import AT_LEAST_0, DURATION, PROPERTY, SWITCH, CardKey, ValueType

PLANNED = "milestone.planned"
REACHED = "milestone.reached"


class MilestoneStep(Struct, frozen=True):
    """A step of the card: `due` days after the account's start. A missed one is a signal of its own if `told`."""

    due: float
    weight: float = 1.0
    told: bool = True


class Milestone(MetricDefinition, frozen=True, kw_only=True, tag="milestone"):
    """Steps with due dates. Points are the weighted mean over those that are due or done.

    `planned` takes any step that `milestone.planned` names and no card does. Such a step weighs what the event's
    property `weight` says (1 without one), and is told if the metric is `told`.
    """

    steps: dict[str, MilestoneStep] = field(default_factory=dict)
    planned: bool = False
    grace: float = 14.0
    weight: str | None = None
    told: bool = True

    has_steps: ClassVar[bool] = True
    can_retract: ClassVar[bool] = True
    about: ClassVar[str] = (
        "Steps with due dates, those that are due or done: done is 100, a missed one falls to 0 over the grace."
    )
    keys: ClassVar[dict[str, CardKey]] = {
        "steps": CardKey(
            ValueType(
                "steps",
                keys={
                    "due": CardKey(DURATION, "When it is due after the account's start.", required=True),
                    "weight": CardKey(AT_LEAST_0, "Its weight among the steps (default 1)."),
                    "told": CardKey(SWITCH, "Whether a miss is a signal of its own (default: what the metric says)."),
                },
            ),
            "Steps and when they are due after the account's start: 21d, or {due: 21d, weight: 2, told: false}.",
        ),
        "planned": CardKey(SWITCH, "Take the steps that milestone.planned names, too."),
        "grace": CardKey(DURATION, "From due to 0 points (default 14d)."),
        "weight": CardKey(PROPERTY, "A numeric property of milestone.planned that weighs its step instead of 1."),
        "told": CardKey(SWITCH, "Whether a missed step is a signal of its own (default true); the score falls anyway."),
    }

    @property
    def listens(self) -> tuple[str, ...]:
        return (PLANNED, REACHED)

    @property
    def values(self) -> tuple[EventValue, ...]:
        found = (EventValue(self.listens, "step", "text"), EventValue((PLANNED,), "due", "moment"))
        return found if self.weight is None else (*found, EventValue((PLANNED,), self.weight, "number", required=False))

    @property
    def step_names(self) -> tuple[str, ...]:
        return tuple(self.steps)

    @property
    def steps_over(self) -> float:
        return max((float(step.due) for step in self.steps.values()), default=-self.grace) + self.grace

    def owns_step(self, step: str, others: frozenset[str]) -> bool:
        return step in self.steps or (self.planned and step not in others)

    def problems(self, metrics: Mapping[str, MetricDefinition]) -> Iterator[CardProblem]:
        if not self.steps and not self.planned:
            yield CardProblem("", "needs 'steps', or 'planned: true'")
        # Its steps are due without any event, and a miss is told: it has evidence from the first day on.
        if self.steps and self.optional is True:
            yield CardProblem("optional", "has 'steps' that are due for everybody: only planned steps can be optional")

    @classmethod
    def fields_of(cls, given: dict[str, Any]) -> dict[str, Any]:
        fields = super().fields_of(given)
        told = fields.get("told", True)
        steps = {name: MilestoneStep(**{"told": told, **step}) for name, step in fields.get("steps", {}).items()}
        return {**fields, "steps": steps}
