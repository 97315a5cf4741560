"""What a scorecard says of onboarding, as KPIs need it."""

from msgspec import Struct

from scoring.health import Card
from scoring.health.metrics.milestone.definition import Milestone


class OnboardingRules(Struct, frozen=True):
    """`steps` are the steps of onboarding with the days from the start of the contract after which each is due.

    `value` is the step with which a customer has first value, None if the card names none.
    """

    steps: dict[str, float]
    value: str | None


def onboarding_rules(card: Card) -> OnboardingRules:
    steps: dict[str, float] = {}
    for metric in card.metrics:
        if isinstance(metric, Milestone) and "onboarding" in metric.stages:
            steps |= {name: float(step.due) for name, step in metric.steps.items()}
    journey = card.journey_or_none
    return OnboardingRules(steps, None if journey is None else journey.value)
