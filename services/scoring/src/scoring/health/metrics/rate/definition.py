"""rate: what a card says of a decayed count of events."""

from typing import ClassVar

from scoring.health.metrics.definition import DecayedCountDefinition, EventValue
from scoring.health.metrics.keys import AT_LEAST_0, EVENT, HALF_LIFE, WEIGHT, CardKey, curve


class Rate(DecayedCountDefinition, frozen=True, kw_only=True, tag="rate"):
    """A decayed count of events. `weight` names a numeric property that counts instead of 1."""

    weight: str | None = None

    about: ClassVar[str] = "How often something happens: a count that halves with every half-life of silence."
    keys: ClassVar[dict[str, CardKey]] = {
        "event": EVENT,
        "half_life": HALF_LIFE,
        "weight": WEIGHT,
        "curve": curve("Points over the count: [[count, points], ...].", required=False),
        "curve_per_week": curve("Points over the weekly rate: [[times a week, points], ...].", required=False),
        "prior_per_week": CardKey(
            AT_LEAST_0, "The weekly rate that a new account is given (default: what earns the most); it fades."
        ),
    }

    @property
    def values(self) -> tuple[EventValue, ...]:
        return () if self.weight is None else (EventValue(self.events, self.weight, "number", required=False),)
