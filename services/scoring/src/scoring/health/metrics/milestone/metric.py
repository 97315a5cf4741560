"""milestone: steps with a due date. 100 until then, falling to 0 over the grace; done is 100; points are the mean."""

from typing import Any, Final, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.curve import Curve
from scoring.health.hashing import hash64
from scoring.health.metrics.metric import Metric, OtherMetrics
from scoring.health.metrics.milestone.definition import PLANNED, Milestone
from scoring.health.moments import DAY, parse_moment

_MOST_STEPS: Final = 64
# In seconds. Without a grace the slope would be infinite.
_SHORTEST_GRACE: Final = 1.0
# In seconds. Knots this close are made one: between them rounding would decide the slope.
_CLOSEST_KNOTS: Final = 1e-6

# When it was planned (UTC), the hash of the event's id, when it is due (UTC).
StepPlan = tuple[float, int, float]


@final
class MilestoneMetric(Metric):
    """`card_steps` are due so many days after the account's start; `plans` are due as planned; `done` says when.

    With `accepts_plans` any step that `milestone.planned` names belongs here, except `steps_of_others`, which the card
    gives to other metrics. Due dates are UTC, the grace is operational seconds.
    """

    __slots__ = (
        "accepts_plans", "card_steps", "done", "grace", "plans", "saved_done", "saved_plans", "steps_of_others",
    )  # fmt: skip

    def __init__(self, definition: Milestone, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition.name, index)
        self.card_steps = definition.steps
        self.accepts_plans = definition.planned
        self.grace = max(definition.grace * DAY, _SHORTEST_GRACE)
        self.steps_of_others = others.steps
        self.plans: dict[str, StepPlan] = {}
        self.done: dict[str, float] = {}
        self.saved_plans = self.plans
        self.saved_done = self.done

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        step: object = event.properties.get("step")
        if not isinstance(step, str) or not self._accepts(step):
            return False
        plans, done = self.plans, self.done
        if event.name == PLANNED:
            due = parse_moment(event.properties.get("due"))
            by = (moment, hash64(event.event_id))
            if due is None or (step in plans and plans[step][:2] >= by):
                return False
            self.plans = {**plans, step: (by[0], by[1], due)}
        else:
            if step in done and done[step] <= moment:
                return False
            self.done = {**done, step: moment}
        self.saved_plans, self.saved_done = plans, done
        return True

    def undo(self) -> None:
        self.plans, self.done = self.saved_plans, self.saved_done

    def _accepts(self, step: str) -> bool:
        if step in self.card_steps or step in self.plans or step in self.done:
            return True
        # A planned step belongs to the metric that the card gives it to, else to those that accept plans.
        if not self.accepts_plans or step in self.steps_of_others:
            return False
        return len({*self.card_steps, *self.plans, *self.done}) < _MOST_STEPS

    def _due(self, context: Context) -> dict[str, float]:
        due = {step: context.start + days * DAY for step, days in self.card_steps.items()}
        for step, plan in self.plans.items():
            due[step] = plan[2]
        return due

    def open_steps(self, context: Context) -> list[tuple[float, str]]:
        return [(due, step) for step, due in self._due(context).items() if step not in self.done]

    def project(self, context: Context) -> None:
        self.pieces = []
        count = len(self._due(context))
        if count == 0:
            return
        # At each due moment one more step loses points, and a grace later one less.
        turns = [(context.clock.operational(due), 1) for due, _ in self.open_steps(context)]
        turns = sorted(turns + [(tau + self.grace, -1) for tau, _ in turns])
        begin, points, late = min([context.born_tau, *[turn[0] for turn in turns]]), 100.0, 0
        self.pieces.append((begin, points, 0.0))
        for tau, change in turns:
            loss = late * 100.0 / (self.grace * count)
            points = max(points - loss * (tau - begin), 0.0)
            late += change
            piece = (tau, points, -(late * 100.0 / (self.grace * count)))
            if tau - begin < _CLOSEST_KNOTS:
                self.pieces[-1] = piece
            else:
                self.pieces.append(piece)
            begin = tau

    def dump(self) -> object:
        return (self.plans, self.done) if self.plans or self.done else None

    def restore(self, state: Any) -> None:
        plans, self.done = state
        self.plans = {step: (plan[0], plan[1], plan[2]) for step, plan in plans.items()}
