"""Receipts of change: a step of a score split into parts that add up, and running sums of such steps."""

from datetime import UTC, datetime
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from common.contracts.events import Event
from common.contracts.signals import Change, Driver, MovingEvent, Part
from scoring.core.moments import to_datetime
from scoring.core.sight import Sight

# A receipt that is off by more than this has a bug.
TOLERANCE = 1e-9
# What the rounding of very many steps may come to in a ledger; more has a bug, too.
DRIFT = 1e-6
_MOST_EVENTS = 3


class Move(NamedTuple):
    """A metric that an event moved: the points that are booked, those that silence left of them, and those now."""

    metric: int
    booked: float | None
    before: float | None
    after: float | None


class Names(NamedTuple):
    """What the card calls its metrics and flags, in its order, and the score that contributions count from."""

    metrics: tuple[str, ...]
    flags: tuple[str, ...]
    reference: float


class Moved(NamedTuple):
    driver: Driver
    name: str
    points: float


def split(before: Sight, after: Sight, *, driver: Driver, names: Names) -> list[Moved]:
    """How the score got from `before` to `after`, with nothing left over.

    Points that moved count by the mean of both weights, weights that moved by the mean of both points. A metric that
    appears or goes moved no points, only its weight.
    """
    parts = []
    weights = zip(names.metrics, before.weights.values, after.weights.values, strict=True)
    for (name, old, new), p, q in zip(weights, before.metrics.points, after.metrics.points, strict=True):
        if p is None:
            p = q
        if q is None:
            q = p
        if p is None or q is None or (p == q and old == new):
            continue
        if p != q:
            parts.append(Moved(driver, name, (old + new) / 2 * (q - p)))
        if old != new:
            parts.append(Moved(Driver.CONTEXT, name, (new - old) * ((p + q) / 2 - names.reference)))
    return [*parts, *_caps(before, after, names)]


def _caps(before: Sight, after: Sight, names: Names) -> list[Moved]:
    old, new = before.capped_by, after.capped_by
    lost, cost = before.score - before.mean, after.score - after.mean
    if old == new:
        return [] if new is None else [Moved(Driver.CAP, names.flags[new], cost - lost)]
    gone = [] if old is None else [Moved(Driver.CAP, names.flags[old], -lost)]
    return gone if new is None else [*gone, Moved(Driver.CAP, names.flags[new], cost)]


def off_by(parts: list[Moved], before: float, after: float) -> float:
    """How far the parts are from explaining the step."""
    total = before
    for part in parts:
        total += part.points
    return abs(total - after)


class Moving(Struct, array_like=True, frozen=True):
    source: str
    event_id: str
    name: str
    time: datetime
    points: float


class Ledger(Struct, array_like=True):
    """Steps since a moment, summed by driver (its text: an enum is slow to look up) and by metric or flag, and the
    events that moved most.

    `after` is the score when all was booked last.
    """

    since: float
    before: float
    after: float
    parts: dict[str, dict[str, float]] = field(default_factory=dict)
    events: list[Moving] = field(default_factory=list)

    def book(self, parts: list[Moved], *, after: float) -> None:
        self.after = after
        for driver, name, points in parts:
            by_name = self.sums(driver.value)
            by_name[name] = by_name.get(name, 0.0) + points

    def sums(self, driver: str) -> dict[str, float]:
        """What one driver did so far, by name: to be added to."""
        by_name = self.parts.get(driver)
        if by_name is None:
            by_name = self.parts[driver] = {}
        return by_name

    def note(self, event: Event, *, points: float) -> None:
        """Of events that moved the score alike the earlier ones stay."""
        kept = self.events
        if points == 0.0 or (len(kept) == _MOST_EVENTS and abs(kept[-1].points) >= abs(points)):
            return
        time = event.time.astimezone(UTC)
        self.events.append(Moving(event.source, event.event_id, event.name, time, points))
        self.events.sort(key=lambda moving: -abs(moving.points))
        del self.events[_MOST_EVENTS:]

    def copy(self) -> "Ledger":
        parts = {driver: dict(by_name) for driver, by_name in self.parts.items()}
        return Ledger(self.since, self.before, self.after, parts, list(self.events))

    def change(self) -> Change:
        """The largest part first; what many steps were rounded by is the largest one's."""
        parts = [
            Part(metric=name, driver=Driver(driver), points=points)
            for driver, by_name in self.parts.items()
            for name, points in by_name.items()
            if points
        ]
        parts.sort(key=lambda part: (-abs(part.points), part.metric, part.driver))
        off = self.after - self.before - sum(part.points for part in parts)
        if parts and abs(off) <= DRIFT:
            parts[0] = replace(parts[0], points=parts[0].points + off)
        return Change(
            since=to_datetime(self.since),
            before=self.before,
            after=self.after,
            parts=tuple(parts),
            events=tuple(
                MovingEvent(source=m.source, event_id=m.event_id, name=m.name, time=m.time, points=m.points)
                for m in self.events
            ),
        )

    def off_by(self) -> float:
        moved = [Moved(Driver(d), name, p) for d, by_name in self.parts.items() for name, p in by_name.items()]
        return off_by(moved, self.before, self.after)


class DayLedger(Struct, array_like=True):
    """The ledger of one UTC day (days since the epoch). Its silence may have begun before the day did."""

    day: int
    ledger: Ledger
