"""A trajectory: points as a piecewise linear function of operational time, in silence.

Metrics and flags have one each. The health score, the next crossing and the forecast all read trajectories.
"""

from collections.abc import Sequence
from math import inf

from scoring.health.ledger import CAP, CONTEXT, EVENT, SILENCE, Postings

# When it starts, its points then (None: there are none), and its slope per operational second.
Piece = tuple[float, float | None, float]


class Trajectory:
    """The current segment: `points + slope * (tau - origin)` until `end`, or no points if not `available`.

    `seek` finds the segment of a moment, which becomes the origin; `next_segment` goes on to the one after it. Here
    segments are `pieces` in order; before the first there are no points, the last never ends. Kinds that move at every
    event compute their segments instead, which costs less than a list.

    `change` and `day` are what it added to the score since each of the account's ledgers was opened.
    """

    __slots__ = ("available", "change", "day", "end", "index", "name", "piece", "pieces", "points", "slope")

    def __init__(self, name: str, index: int) -> None:
        self.name = name
        self.index = index
        self.available = False
        self.points = 0.0
        self.slope = 0.0
        self.end = inf
        self.pieces: list[Piece] = []
        self.piece = 0
        self.change = Postings()
        self.day = Postings()

    def at(self, tau: float) -> float | None:
        """The points that `seek` would find at `tau`, to the bit, without leaving the current segment."""
        start, points, slope = self.pieces[self._piece_at(tau)] if self.pieces else _NOTHING
        return None if points is None else points + slope * (tau - start)

    def seek(self, tau: float) -> None:
        """Goes to the segment at `tau`, with the origin there."""
        if self.pieces:
            self._enter_piece(self._piece_at(tau), tau)
        elif self.available or self.end != inf:
            self._clear()

    def next_segment(self, origin: float) -> None:
        """Goes to the segment that begins at `end`, with its points as of `origin`."""
        self._enter_piece(self.piece + 1, origin)

    def _enter_piece(self, piece: int, origin: float) -> None:
        self.piece = piece
        start, points, slope = self.pieces[piece]
        self.available = points is not None
        self.slope = slope
        self.points = 0.0 if points is None else points + slope * (origin - start)
        self.end = self.pieces[piece + 1][0] if piece + 1 < len(self.pieces) else inf

    def _piece_at(self, tau: float) -> int:
        piece = 0
        while piece + 1 < len(self.pieces) and self.pieces[piece + 1][0] <= tau:
            piece += 1
        return piece

    def _clear(self) -> None:
        """No points, and nothing that ends."""
        self.available = False
        self.points = 0.0
        self.slope = 0.0
        self.end = inf


_NOTHING: Piece = (0.0, None, 0.0)


def sums_by_driver(
    lines: Sequence[Trajectory], former: Sequence[tuple[str, str, float]], *, of_day: bool
) -> dict[str, dict[str, float]]:
    """What a ledger holds in points: by driver, then by metric or flag; nothing that is zero."""
    silence: dict[str, float] = {}
    event: dict[str, float] = {}
    context: dict[str, float] = {}
    cap: dict[str, float] = {}
    for line in lines:
        postings = line.day if of_day else line.change
        if postings.silence != 0.0:
            silence[line.name] = postings.silence
        if postings.event != 0.0:
            event[line.name] = postings.event
        if postings.context != 0.0:
            context[line.name] = postings.context
        if postings.cap != 0.0:
            cap[line.name] = postings.cap
    sums = {SILENCE: silence, EVENT: event, CONTEXT: context, CAP: cap}
    for driver, name, points in former:
        sums[driver][name] = sums[driver].get(name, 0.0) + points
    return {driver: by_name for driver, by_name in sums.items() if by_name}
