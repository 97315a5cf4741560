"""Steps with due dates, goals and business reviews."""

from common.catalogue.standard_event import DATED, StandardEvent
from common.catalogue.values import Amount, Due, Label, StepName


class MilestonePlanned(StandardEvent, frozen=True, kw_only=True):
    """A step has to be done by a date. `weight` is how much it counts, where the scorecard reads it."""

    event_name = "milestone.planned"
    reach = DATED
    example = {"step": "sso_live", "due": "2026-03-31"}

    step: StepName
    due: Due
    weight: Amount | None = None


class MilestoneReached(StandardEvent, frozen=True, kw_only=True):
    """A step is done."""

    event_name = "milestone.reached"
    reach = DATED
    example = {"step": "sso_live"}

    step: StepName


class GoalReached(StandardEvent, frozen=True, kw_only=True):
    """The customer reached a goal that the product was bought for. `goal` says which."""

    event_name = "goal.reached"
    example = {"goal": "month-end close in two days"}

    goal: Label | None = None


class ReviewHeld(StandardEvent, frozen=True, kw_only=True):
    """A business review took place with the customer."""

    event_name = "review.held"
