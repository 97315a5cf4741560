"""People, and how each is reached: their own ways in their order, then those of whoever stands in for them."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.core.destination import Target

_SHOWN = 100


class Absence(Struct, frozen=True):
    """Both days included, in the person's time zone."""

    first: date
    last: date


class Person(Struct, frozen=True):
    """`email` is the key in routes.yml; `targets` are in the order in which they are to be tried."""

    email: str
    name: str
    targets: tuple[Target, ...]
    time_zone: str = "UTC"
    back_up: str | None = None
    away: tuple[Absence, ...] = ()

    def back_after(self, on: datetime) -> date | None:
        """The last day of the absence that this moment lies in, if it lies in one."""
        today = on.astimezone(ZoneInfo(self.time_zone)).date()
        return max((one.last for one in self.away if one.first <= today <= one.last), default=None)


class Reached(Struct, frozen=True):
    """How an owner is reached: the ways in their order (none if nobody can be), and why these, step by step."""

    ways: tuple[Target, ...]
    steps: tuple[str, ...]


class People(Struct, frozen=True):
    """`by_email` has every key as `known_as` makes it."""

    by_email: Mapping[str, Person] = {}

    def reach(self, owner: str, *, on: datetime) -> Reached:
        """Whoever is away at that moment is passed over."""
        if not owner:
            return Reached((), ("no owner",))
        person = self.by_email.get(known_as(owner))
        if person is None:
            return Reached((), (f"owner {_shown(owner)}, not among people",))
        ways: list[Target] = []
        steps: list[str] = []
        for each in self._line(person):
            away = each.back_after(on)
            title = f"{'owner' if each is person else 'back-up'} {each.name}"
            steps.append(f"{title}, away to {away}" if away else title)
            ways += () if away else each.targets
        return Reached(_different(ways), tuple(steps))

    def _line(self, person: Person) -> Iterator[Person]:
        """A person, whoever stands in for them, and so on."""
        at: Person | None = person
        while at is not None:
            yield at
            at = self.by_email.get(known_as(at.back_up)) if at.back_up else None


def known_as(email: str) -> str:
    """What is the same for two ways of writing one address."""
    return email.strip().casefold()


def _shown(owner: str) -> str:
    """Whatever was posted as the owner, short and fit to be stored and printed."""
    return "".join(character if character.isprintable() else "\ufffd" for character in owner[:_SHOWN])


def _different(ways: list[Target]) -> tuple[Target, ...]:
    """Two people may share an address, which need not be tried twice."""
    first: dict[str, Target] = {}
    for way in ways:
        first.setdefault(way.lane, way)
    return tuple(first.values())
