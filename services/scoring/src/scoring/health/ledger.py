"""The sums behind change receipts: what silence, events, context and caps did to a score since a ledger was opened.

Every metric and flag keeps its own sums; a `Ledger` holds the rest. `posting` writes them, `receipts` reads them.
"""

from typing import Final, final

from scoring.health.state_format import Mover

# What moves a score: the texts of `Driver`.
SILENCE: Final = "silence"
EVENT: Final = "event"
CONTEXT: Final = "context"
CAP: Final = "cap"

_MOST_MOVERS: Final = 3


@final
class Postings:
    """What one metric (or, by `cap`, one flag) added to the score since its ledger was opened, by driver."""

    __slots__ = ("cap", "context", "event", "silence")

    def __init__(self) -> None:
        self.silence = 0.0
        self.event = 0.0
        self.context = 0.0
        self.cap = 0.0

    def post(self, driver: str, points: float) -> None:
        if driver == SILENCE:
            self.silence += points
        elif driver == EVENT:
            self.event += points
        elif driver == CONTEXT:
            self.context += points
        else:
            self.cap += points

    def clear(self) -> None:
        self.silence = self.event = self.context = self.cap = 0.0


@final
class Ledger:
    """`since` is when it was opened (UTC), `before` the score then, `after` the score when all was posted last.

    `movers` are the three events that moved the score most; of two equal ones the earlier stays. `former` are sums of
    metrics and flags that the card no longer has: (driver, name, points).
    """

    __slots__ = ("after", "before", "former", "least", "movers", "since")

    def __init__(self, since: float, score: float) -> None:
        self.since = since
        self.before = score
        self.after = score
        self.movers: list[Mover] = []
        self.least = 0.0
        self.former: list[tuple[str, str, float]] = []

    def add_mover(self, mover: Mover) -> None:
        """Keeps the event if it is among those that moved most. The next one has to move more than `least`."""
        if abs(mover.points) <= self.least:
            return
        self.movers.append(mover)
        self.movers.sort(key=lambda each: abs(each.points), reverse=True)
        del self.movers[_MOST_MOVERS:]
        self.least = abs(self.movers[-1].points) if len(self.movers) == _MOST_MOVERS else 0.0

    def post_former(self, driver: str, name: str, points: float) -> None:
        """Adds to the sum of a metric or flag that the card no longer has."""
        sums = {each[:2]: each[2] for each in self.former}
        sums[driver, name] = sums.get((driver, name), 0.0) + points
        self.former = [(key[0], key[1], each) for key, each in sums.items()]
