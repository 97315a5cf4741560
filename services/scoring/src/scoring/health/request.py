"""The events of one account in one request are one step: nothing is told of a state in the middle of it.

While a request is open, each of its events is evaluated and posted as ever, and so is what silence makes due. The alert
state that follows them is a draft. When the request closes, the alert state from before its first event is compared
with the account after its last, and each change names the event that crossed.
"""

from math import floor, inf
from typing import Final, final

from common.contracts.signals import Health
from scoring.health.alert_state import AlertState
from scoring.health.state_format import Cause, Crossing, WithdrawnSignal

# In seconds of record time. A request whose last event never comes is closed so long after its first.
REQUEST_SECONDS: Final = 60.0


@final
class OpenRequest:
    """A request of which more events are to come. `since` is the record time of the first, `last` that of the latest.

    `before` is the alert state before the first, `score` the score and `health` the health then (None for a first
    record). `crossed` says by what each line was crossed that is crossed now, by its name in `transitions`. `outcomes`
    are all that were decided, `withdrawn` what was told before and is retracted. `cause` and `history` are those of the
    latest event. `touched` once the draft of the alert state is another one than `before`, an outcome was decided, or
    anything was withdrawn.
    """

    __slots__ = (
        "before", "cause", "crossed", "health", "history", "last", "outcomes", "score", "since", "touched",
        "withdrawn",
    )  # fmt: skip

    def __init__(self, since: float, before: AlertState, score: float | None, health: Health | None) -> None:
        self.since = since
        self.last = since
        self.before = before
        self.score = score
        self.health = health
        self.crossed: dict[str, Crossing] = {}
        self.outcomes: list[tuple[str, Crossing]] = []
        self.withdrawn: list[WithdrawnSignal] = []
        self.cause: Cause = ""
        self.history = False
        self.touched = False

    def follow(self, lines: list[str], present: Crossing) -> None:
        """Notes which lines are crossed now. One that was not crossed before was crossed by the present cause."""
        self.crossed = {line: self.crossed.get(line, present) for line in lines}


def closes_at(request: OpenRequest | None, seconds: float | None) -> float:
    """The whole second at which silence closes a request; infinity if none is open.

    `seconds` is how long it may stay open. Without, the first tick in a later second than its latest record closes it.
    """
    if request is None:
        return inf
    return floor(request.last) + 1.0 if seconds is None else floor(request.since) + seconds
