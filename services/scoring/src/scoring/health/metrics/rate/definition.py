"""rate: what a card says of a decayed count."""

from typing import Any, ClassVar

from scoring.health.metrics.definition import CurvedDefinition
from scoring.health.metrics.keys import AT_LEAST_0, EVENT, HALF_LIFE, WEIGHT, CardKey, curve


class Rate(CurvedDefinition, frozen=True, kw_only=True, tag="rate"):
    """A decayed count. With `per_week` the curve is over the weekly rate that would keep the count where it is.

    `weight` names a numeric property that counts instead of 1. `prior_per_week` is what a new account is given.
    """

    half_life: float
    weight: str | None = None
    per_week: bool = False
    prior_per_week: float = 0.0

    logarithmic: ClassVar[bool] = True
    counts_activity: ClassVar[bool] = True
    about: ClassVar[str] = "How often something happens: a count that halves with every half-life of silence."
    keys: ClassVar[dict[str, CardKey]] = {
        "event": EVENT,
        "half_life": HALF_LIFE,
        "weight": WEIGHT,
        "curve": curve("Points over the count: [[count, points], ...].", required=False),
        "curve_per_week": curve("Points over the weekly rate: [[times a week, points], ...].", required=False),
        "prior_per_week": CardKey(
            AT_LEAST_0, "The weekly rate that a new account is given; it fades by the half-life."
        ),
    }
    one_of: ClassVar[tuple[str, ...]] = ("curve", "curve_per_week")

    @classmethod
    def fields_of(cls, given: dict[str, Any]) -> dict[str, Any]:
        return {**super().fields_of(given), "per_week": "curve_per_week" in given}
