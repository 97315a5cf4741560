"""Where an optional metric begins for an account: at the earliest event that counts in it.

Before that it has no points. Its prior fades from there on, and not from where the account began: otherwise the first
event after years would bring hardly any points.
"""

from math import inf
from typing import final

from scoring.health.context import Context


@final
class FirstEvent:
    """`moment` (UTC) is the earliest that was noted, in whatever order; infinity before the first."""

    __slots__ = ("moment", "saved")

    def __init__(self) -> None:
        self.moment = inf
        self.saved = inf

    def note(self, moment: float) -> bool:
        """Whether this is the earliest. Keeps what was before it for `undo`."""
        self.saved = self.moment
        if moment >= self.moment:
            return False
        self.moment = moment
        return True

    def undo(self) -> None:
        self.moment = self.saved

    def begins(self, context: Context) -> float:
        """The operational time of it. A wrong clock of a live event may place it before the account began."""
        return max(context.clock.operational(self.moment), context.born_tau)
