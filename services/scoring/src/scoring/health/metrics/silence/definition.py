"""silence: what a card says of suspicion."""

from typing import ClassVar

from scoring.health.metrics.definition import CurvedDefinition
from scoring.health.metrics.keys import DURATION, EVENT, CardKey, curve


class Silence(CurvedDefinition, frozen=True, kw_only=True, tag="silence"):
    """Suspicion phi = (now - last) / (mean gap of active days * ln 10); the mean starts as three of `prior_gap`."""

    prior_gap: float

    counts_activity: ClassVar[bool] = True
    about: ClassVar[str] = (
        "How unlikely this silence is by the account's own rhythm: 1 is one in ten, 3 one in a thousand."
    )
    keys: ClassVar[dict[str, CardKey]] = {
        "event": EVENT,
        "prior_gap": CardKey(DURATION, "The gap between active days that a new account is given.", required=True),
        "curve": curve("Points over the suspicion: [[0.5, 100], [3, 0]].", least=0),
    }
