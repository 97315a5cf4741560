"""distinct: what a card says of a count of different people or things."""

from typing import ClassVar, Literal

from scoring.health.metrics.definition import CurvedDefinition, EventValue
from scoring.health.metrics.keys import EVENT, HALF_LIFE, PROPERTY, CardKey, ValueType, curve

# As `of`: the account's seats, as its facts have them.
SEATS = "seats"


class Distinct(CurvedDefinition, frozen=True, kw_only=True, tag="distinct"):
    """How many different `key`s were seen, each decaying from when it was seen last; over `of` if given.

    `key` is "user_id" or a property. `of` is a number or "seats".
    """

    key: str
    half_life: float
    of: float | Literal["seats"] | None = None

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
    }

    @property
    def values(self) -> tuple[EventValue, ...]:
        return (EventValue(self.events, self.key, "key"),)
