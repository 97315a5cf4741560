"""distinct: what a card says of a count of different people or things."""

from typing import Any, ClassVar, Literal

from scoring.health.metrics.definition import CurvedDefinition, EventValue, best_value
from scoring.health.metrics.keys import AT_LEAST_0, EVENT, HALF_LIFE, PROPERTY, CardKey, ValueType, curve

# As `of`: the account's seats, as its facts have them.
SEATS = "seats"


class Distinct(CurvedDefinition, frozen=True, kw_only=True, tag="distinct"):
    """How many different `key`s were seen, each decaying from when it was seen last; over `of` if given.

    `key` is "user_id" or a property. `of` is a number or "seats". `prior` is the value that a new account is given; it
    fades like any other. A card that does not say gives it what earns the most points.
    """

    key: str
    half_life: float
    of: float | Literal["seats"] | None = None
    prior: float = 0.0

    logarithmic: ClassVar[bool] = True
    counts_activity: ClassVar[bool] = True
    about: ClassVar[str] = "How many different people or things were seen, each fading from its newest sight."
    keys: ClassVar[dict[str, CardKey]] = {
        "event": EVENT,
        "key": CardKey(PROPERTY, "What is told apart: user_id, or a property.", required=True),
        "half_life": HALF_LIFE,
        "of": CardKey(
            ValueType("number or word", words=(SEATS,)),
            "Read as a share of this: a number, or seats (of the account's facts).",
        ),
        "curve": curve("Points over the number, or over the share: [[0.5, 50], ...]."),
        "prior": CardKey(
            AT_LEAST_0, "What a new account is given, as the curve reads it (default: what earns the most)."
        ),
    }

    @property
    def values(self) -> tuple[EventValue, ...]:
        return (EventValue(self.events, self.key, "key"),)

    @classmethod
    def fields_of(cls, given: dict[str, Any]) -> dict[str, Any]:
        fields = super().fields_of(given)
        if "prior" not in fields and "curves" in fields:
            fields["prior"] = best_value(fields["curves"])
        return fields
