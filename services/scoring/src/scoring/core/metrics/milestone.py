"""milestone: steps with a due moment. 100 until then, falling to 0 over the grace; done is 100; points are the mean."""

from collections.abc import Sequence

from msgspec import Struct, field

from common.contracts.events import Event
from scoring.core import card
from scoring.core.context import Context
from scoring.core.hashing import hash64
from scoring.core.metrics.kind import Metric
from scoring.core.moments import parse_moment, seconds
from scoring.core.path import NEVER, Path, through

PLANNED = "milestone.planned"
REACHED = "milestone.reached"

_MOST = 64
# A grace of nothing would be a jump; a second is none that anybody sees.
_LEAST_GRACE = 1.0


class Steps(Struct, array_like=True):
    """Plans by step: when planned, hash of the event's id, due. Steps done: when first."""

    planned: dict[str, tuple[float, int, float]] = field(default_factory=dict)
    done: dict[str, float] = field(default_factory=dict)


class Milestone(Metric):
    """`elsewhere` are the steps that other metrics of the card name."""

    state_type = Steps
    events = (PLANNED, REACHED)

    def __init__(self, definition: card.Milestone, index: int, *, elsewhere: frozenset[str]) -> None:
        super().__init__(definition, index)
        self.definition = definition
        self._elsewhere = elsewhere
        self._grace = max(seconds(definition.grace), _LEAST_GRACE)

    def apply(self, state: Steps, event: Event, *, moment: float, context: Context) -> bool:
        step = event.properties.get("step")
        if not isinstance(step, str) or not self._takes(step, state):
            return False
        if event.name == PLANNED:
            return self._plan(state, step, event=event, moment=moment)
        if step in state.done and state.done[step] <= moment:
            return False
        state.done[step] = moment
        return True

    def _plan(self, state: Steps, step: str, *, event: Event, moment: float) -> bool:
        due = parse_moment(event.properties.get("due"))
        by = (moment, hash64(event.event_id))
        if due is None or (step in state.planned and state.planned[step][:2] >= by):
            return False
        state.planned[step] = (*by, due)
        return True

    def _takes(self, step: str, state: Steps) -> bool:
        if step in self.definition.steps or step in state.planned or step in state.done:
            return True
        if not self.definition.planned or step in self._elsewhere:
            return False
        return len({*self.definition.steps, *state.planned, *state.done}) < _MOST

    def _due(self, states: Sequence[Steps], context: Context) -> dict[str, float]:
        state = states[self.index]
        due = {step: context.start + seconds(days) for step, days in self.definition.steps.items()}
        return due | {step: plan[2] for step, plan in state.planned.items()}

    def steps(self, states: Sequence[Steps], context: Context) -> list[tuple[float, str]]:
        done = states[self.index].done
        return [(due, step) for step, due in self._due(states, context).items() if step not in done]

    def path(self, states: Sequence[Steps], context: Context, paths: Sequence[Path]) -> Path:
        steps = len(self._due(states, context))
        if not steps:
            return NEVER
        turns = [(due, 1) for due, _ in self.steps(states, context)]
        turns = sorted(turns + [(due + self._grace, -1) for due, _ in turns])
        knots = [(min([context.born, *(moment for moment, _ in turns)]), 100.0)]
        falling = 0
        for moment, turn in turns:
            last, points = knots[-1]
            lost = falling * (moment - last) / self._grace * 100.0 / steps
            knots.append((moment, max(points - lost, 0.0)))
            falling += turn
        return through(knots)
