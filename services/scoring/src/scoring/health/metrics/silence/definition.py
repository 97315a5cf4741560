"""silence: what a card says of suspicion."""

from typing import ClassVar, Literal

import msgspec

from scoring.health.metrics.definition import CurvedDefinition
from scoring.health.metrics.keys import DURATION, EVENT, CardKey, ValueType, curve
from scoring.health.people import PEOPLE_EVENTS


class Silence(CurvedDefinition, frozen=True, kw_only=True, tag="silence"):
    """Suspicion phi = (now - last) / (mean gap of active days * ln 10); the mean starts as three of `prior_gap`.

    With `who` only what the champions do counts. Without a champion there is no value.
    """

    prior_gap: float
    # Left out of the fingerprint of a metric of everybody, so that its state outlives this.
    who: Literal["champions"] | msgspec.UnsetType = msgspec.UNSET

    counts_activity: ClassVar[bool] = True
    about: ClassVar[str] = (
        "How unlikely this silence is by the account's own rhythm: 1 is one in ten, 3 one in a thousand."
    )
    keys: ClassVar[dict[str, CardKey]] = {
        "event": EVENT,
        "prior_gap": CardKey(DURATION, "The gap between active days that a new account is given.", required=True),
        "curve": curve("Points over the suspicion: [[0.5, 100], [3, 0]].", least=0),
        "who": CardKey(
            ValueType("choice", words=("champions",)),
            "Whose silence: champions, whom user.updated names (default: everybody's).",
        ),
    }

    @property
    def of_champions(self) -> bool:
        return self.who is not msgspec.UNSET

    @property
    def listens(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys([*self.events, *PEOPLE_EVENTS])) if self.of_champions else self.events
