"""What a scorecard says of onboarding and of tiers, as KPIs need it."""

from collections.abc import Sequence

from msgspec import Struct

from scoring.health import Card
from scoring.health.facts import tiers_by_amount
from scoring.health.metrics.milestone.definition import Milestone


class KpiRules(Struct, frozen=True):
    """`steps` are the steps of onboarding with the days from the start of the contract after which each is due.

    `value` is the step with which a customer has first value, None if the card names none. `tiers` are (ARR from which,
    name), the highest first, for accounts of which no tier was posted; empty if the card has none.
    """

    steps: dict[str, float]
    value: str | None
    tiers: Sequence[tuple[float, str]] = ()


def kpi_rules(card: Card) -> KpiRules:
    steps: dict[str, float] = {}
    for metric in card.metrics:
        if isinstance(metric, Milestone) and "onboarding" in metric.stages:
            steps |= {name: float(step.due) for name, step in metric.steps.items()}
    journey = card.journey_or_none
    tiers = tiers_by_amount(card.tiers) if isinstance(card.tiers, dict) else ()
    return KpiRules(steps, None if journey is None else journey.value, tiers)
