"""milestone: steps with due dates. Points are the weighted mean over the steps that are due or done."""

from math import inf
from typing import Any, Final, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.curve import Curve
from scoring.health.former_values import take_back, write_earliest, write_newest
from scoring.health.metrics.metric import Metric, OpenStep, OtherMetrics, PlanPost
from scoring.health.metrics.milestone.definition import PLANNED, Milestone
from scoring.health.moments import DAY, local_midnight, parse_day, parse_moment
from scoring.health.properties import id_hash, number, weight_of

_MOST_STEPS: Final = 64
_LENGTH: Final = 4
_FORMER_PLAN: Final = 4
# In seconds. Without a grace the slope would be infinite.
_SHORTEST_GRACE: Final = 1.0
# A step that weighs less does not count: its share of a slope could underflow.
_LEAST_WEIGHT: Final = 1e-9
# In seconds. Knots this close are made one: between them rounding would decide the slope.
_CLOSEST_KNOTS: Final = 1e-6

# When it was planned (UTC), the hash of the event's id, when it is due, its weight, and whether a day was named: then
# it is due when that day is over for the account, and `due` is the number of the day after it, else a UTC moment.
StepPlan = tuple[float, int, float, float, bool]
# When it was reached (UTC), and the hash of the event's id.
StepDone = tuple[float, int]
# The plans, those before them, when steps were reached, and when again.
StepsKnown = tuple[dict[str, StepPlan], dict[str, StepPlan], dict[str, StepDone], dict[str, StepDone]]
# A missed step within its grace: since when (operational), its weight, its points then.
FallingStep = tuple[float, float, float]


@final
class MilestoneMetric(Metric):
    """`card_steps` are due so many days after the account's start; `plans` are due as planned; `done` says when.

    `former_plans` has the plan before each, `done_again` when a step was reached for the second time.
    With `accepts_plans` any step that `milestone.planned` names belongs here, except `steps_of_others`, which the card
    gives to other metrics. The grace is operational seconds. `tells_plans` is for steps that the
    card does not name.
    """

    __slots__ = (
        "accepts_plans", "card_steps", "done", "done_again", "former_plans", "grace", "plans", "saved",
        "steps_of_others", "tells_plans", "weight_property",
    )  # fmt: skip

    def __init__(self, definition: Milestone, index: int, curves: list[Curve], others: OtherMetrics) -> None:
        super().__init__(definition.name, index)
        self.card_steps = definition.steps
        self.accepts_plans = definition.planned
        self.tells_plans = definition.told
        self.weight_property = definition.weight
        self.grace = max(definition.grace * DAY, _SHORTEST_GRACE)
        self.steps_of_others = others.steps
        self.plans: dict[str, StepPlan] = {}
        self.former_plans: dict[str, StepPlan] = {}
        self.done: dict[str, StepDone] = {}
        self.done_again: dict[str, StepDone] = {}
        self.saved = self._steps_known()

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        step: object = event.properties.get("step")
        if not isinstance(step, str) or not self._accepts(step):
            return False
        before, by = self._steps_known(), id_hash(event)
        if event.name == PLANNED:
            named: object = event.properties.get("due")
            day = parse_day(named)
            due = parse_moment(named) if day is None else float(day + 1)
            if due is None:
                return False
            plan: StepPlan = (moment, by, due, self._planned_weight(step, event), day is not None)
            write_newest(self.plans, self.former_plans, step, plan)
        else:
            done: StepDone = (moment, by)
            write_earliest(self.done, self.done_again, step, done)
        # What is kept as the former one moves nothing, but it has to be undone.
        if self._steps_known() == before:
            return False
        self.saved = before
        return True

    def undo(self) -> None:
        self.plans, self.former_plans, self.done, self.done_again = self.saved

    def retract(self, by: int) -> bool:
        undone = take_back(self.plans, self.former_plans, by)
        return take_back(self.done, self.done_again, by) or undone

    def _steps_known(self) -> StepsKnown:
        return dict(self.plans), dict(self.former_plans), dict(self.done), dict(self.done_again)

    def _accepts(self, step: str) -> bool:
        if step in self.card_steps or step in self.plans or step in self.done:
            return True
        # A planned step belongs to the metric that the card gives it to, else to those that accept plans.
        if not self.accepts_plans or step in self.steps_of_others:
            return False
        return len({*self.card_steps, *self.plans, *self.done}) < _MOST_STEPS

    def _planned_weight(self, step: str, event: Event) -> float:
        """What the event says, else what the card says."""
        if self.weight_property is not None and number(event.properties.get(self.weight_property)) is not None:
            return weight_of(event, self.weight_property)
        return float(self.card_steps[step].weight) if step in self.card_steps else 1.0

    def _steps(self, context: Context) -> dict[str, tuple[float, float]]:
        """When each step is due (UTC), and its weight."""
        steps = {
            name: (context.start + float(step.due) * DAY, float(step.weight)) for name, step in self.card_steps.items()
        }
        for name, plan in self.plans.items():
            # A date is over when it is over for the account.
            due = local_midnight(int(plan[2]), context.zone) if plan[4] else plan[2]
            steps[name] = (due, plan[3])
        return steps

    def open_steps(self, context: Context) -> list[OpenStep]:
        return [
            OpenStep(due, name, self.card_steps[name].told if name in self.card_steps else self.tells_plans)
            for name, (due, _) in self._steps(context).items()
            if name not in self.done
        ]

    def are_steps_done(self) -> bool | None:
        steps = {*self.card_steps, *self.plans}
        return steps <= self.done.keys() if steps else None

    def done_by(self, step: str) -> tuple[float, int] | None:
        return self.done.get(step)

    def is_done_twice(self, step: str, by: float) -> bool:
        again = self.done_again.get(step)
        return again is not None and again[0] <= by

    def repeated_plan(self, step: str) -> tuple[PlanPost, PlanPost] | None:
        plan, former = self.plans.get(step), self.former_plans.get(step)
        if plan is None or former is None or not (plan[4] and former[4]) or plan[2] != former[2]:
            return None
        day = int(plan[2]) - 1
        return PlanPost(plan[0], plan[1], day), PlanPost(former[0], former[1], day)

    def project(self, context: Context) -> None:
        """Done steps have 100 points. A missed one counts from its due moment on, at first as much as the metric has
        then: a deadline that passes lifts no score. From there it falls to 0 over the grace.
        """
        self.pieces = []
        steps = self._steps(context)
        if not steps:
            return
        total = done = 0.0
        # Where a step begins to count, and where it is at 0 points: by moment, the latter (without weight) first.
        turns: list[tuple[float, float]] = []
        for name in sorted(steps):
            due, weight = steps[name]
            if weight < _LEAST_WEIGHT:
                continue
            if name in self.done:
                total += weight
                done += weight
            else:
                tau = context.clock.operational(due)
                turns += [(tau, weight), (tau + self.grace, 0.0)]
        turns.sort()
        falling: list[FallingStep] = []
        begin = min(context.born_tau, turns[0][0] if turns else inf)
        self.pieces.append((begin, 100.0, 0.0))
        for tau, weight in turns:
            if weight != 0.0:
                falling.append((tau, weight, self._mean(tau, falling, done, total)))
                total += weight
            else:
                # All have the same grace, so the first to fall is the first at 0 points.
                del falling[0]
            slope = 0.0
            for _, each, points in falling:
                slope -= each * points / self.grace
            piece = (tau, self._mean(tau, falling, done, total), slope / total)
            if tau - begin < _CLOSEST_KNOTS:
                self.pieces[-1] = piece
            else:
                self.pieces.append(piece)
            begin = tau

    def _mean(self, tau: float, falling: list[FallingStep], done: float, total: float) -> float:
        """The weighted mean of the steps that count at `tau`; 100 before any does."""
        if total == 0.0:
            return 100.0
        points = 100.0 * done
        for since, weight, at_first in falling:
            points += weight * at_first * max(1.0 - (tau - since) / self.grace, 0.0)
        return points / total

    def dump(self) -> object:
        if not self.plans and not self.done:
            return None
        return self.plans, self.done, self.former_plans, self.done_again

    def restore(self, state: Any) -> None:
        if len(state) == _LENGTH:
            self.plans, self.done = _plans(state[0]), _done(state[1])
            self.former_plans, self.done_again = _plans(state[2]), _done(state[3])
        else:
            # Former formats do not say which event reached a step.
            self.plans, self.done = _plans(state[0]), {step: (moment, 0) for step, moment in state[1].items()}


def _plans(stored: Any) -> dict[str, StepPlan]:
    # Former formats kept a named day as its midnight in UTC.
    return {
        step: (plan[0], plan[1], plan[2], plan[3], bool(plan[4]) if len(plan) > _FORMER_PLAN else False)
        for step, plan in stored.items()
    }


def _done(stored: Any) -> dict[str, StepDone]:
    return {step: (done[0], done[1]) for step, done in stored.items()}
