"""The base of all metric kinds. A metric is one bounded state of one account, fed by events, read as a trajectory."""

from math import inf
from typing import Any, NamedTuple, final

from common.contracts.events import Event
from scoring.health.context import Context
from scoring.health.trajectory import Trajectory


class PlanPost(NamedTuple):
    """When a step was planned (UTC seconds), the hash of the event's id, and the day that it named."""

    moment: float
    by: int
    day: int


class OpenStep(NamedTuple):
    """A milestone step that is not done. `due` is UTC; a miss is a signal of its own if `told`."""

    due: float
    name: str
    told: bool


class Metric(Trajectory):
    """A kind says what an event does to its state (`feed`) and derives the trajectory from the state (`project`).

    While `has_value`, the metric's value is `x + velocity * (tau - base)` on the axis of its curve, from `base` up to
    `until`. Derived flags read that.

    `weight` is its share in the score (0 to 1) while just the present metrics are available. `before` are its points
    just before the present event, `posted` those of the last posting. `crossing` alone uses `walk_weight`; `bit` stands
    for the metric in sets of available ones.
    """

    __slots__ = (
        "base", "before", "before_available", "bit", "has_value", "posted", "posted_available", "until",
        "velocity", "walk_weight", "weight", "x",
    )  # fmt: skip

    def __init__(self, name: str, index: int) -> None:
        super().__init__(name, index)
        self.bit = 1 << index
        self.weight = 0.0
        self.walk_weight = 0.0
        self.before = 0.0
        self.before_available = False
        self.posted = 0.0
        self.posted_available = False
        self.has_value = False
        self.base = 0.0
        self.x = 0.0
        self.velocity = 0.0
        self.until = inf

    def feed(self, event: Event, moment: float, tau: float, context: Context) -> bool:
        """Adds an event that happened at `moment` (operational time `tau`); whether the state changed."""
        raise NotImplementedError

    def recount(self, context: Context) -> None:
        """Makes anew what was counted by another clock, where the state says it; `rebase` was before."""

    def undo(self) -> None:
        """Undoes the last event that changed the state. Only once per event."""
        raise NotImplementedError

    def retract(self, by: int) -> bool:
        """Takes back what the event with this hash set, and only that; whether it had set anything that counts.

        A kind that adds events up, and lets the sum decay, does not know which ones: it takes nothing back.
        """
        return False

    def rebase(self, context: Context) -> None:
        """Recomputes what is derived from stored UTC moments, after a load or for another context."""

    def project(self, context: Context) -> None:
        """Derives the trajectory from the state. Metrics that this one reads have been projected before."""
        raise NotImplementedError

    def open_steps(self, context: Context) -> list[OpenStep]:
        """Milestone steps that are still to be done."""
        return []

    def are_steps_done(self) -> bool | None:
        """Whether all its milestone steps are done; None if it has none."""
        return None

    def done_by(self, step: str) -> tuple[float, int] | None:
        """When (UTC) a milestone step was done first, and the hash of the event's id; None if it is not."""
        return None

    def is_done_twice(self, step: str, by: float) -> bool:
        """Whether two events said that a milestone step was done by then (UTC): if one is retracted, it still was."""
        return False

    def repeated_plan(self, step: str) -> tuple[PlanPost, PlanPost] | None:
        """The last two posts of a step's plan, the later one first, if both name the same day; else None."""
        return None

    def rename_person(self, person: int, substitute: int) -> bool:
        """A person is erased: the hash of their id gives way to another one; whether the state had it.

        The state of what is counted stays as it is, and so does the score. `substitute` belongs to the same samples.
        """
        return False

    def members_since(self, moment: float) -> float | None:
        """How many different things it has seen since a UTC moment; None for a kind that counts none."""
        return None

    def value_at(self, tau: float, context: Context) -> float | None:
        """The value that the curve reads; None if there is none."""
        return None

    def dump(self) -> object:
        """The state for the store; None if it is as it began."""
        raise NotImplementedError

    def restore(self, state: Any) -> None:
        """Takes what `dump` gave. `rebase` and `project` follow."""
        raise NotImplementedError


@final
class OtherMetrics:
    """What a metric may know of the rest of its account's card when it is made.

    `made` are the metrics that it reads, by name; `steps` the milestone steps that the card gives to other metrics.
    """

    __slots__ = ("_made", "steps")

    def __init__(self, made: dict[str, Metric], steps: frozenset[str]) -> None:
        self._made = made
        self.steps = steps

    def named(self, name: str | None) -> Metric | None:
        return None if name is None else self._made[name]
