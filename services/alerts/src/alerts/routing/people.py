"""The people of routes.yml, and how each is reached: over their own ways, then over those of their back-up."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from zoneinfo import ZoneInfo

from msgspec import Struct

from alerts.routing.destination import Target

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
    """The ways to an owner in their order (none if nobody can be reached), and the steps that led to them."""

    ways: tuple[Target, ...]
    steps: tuple[str, ...]


class People(Struct, frozen=True):
    """The keys of `by_email` are normalized by `known_as`."""

    by_email: Mapping[str, Person] = {}

    def reach(self, owner: str, *, on: datetime) -> Reached:
        """A person who is away at that moment is passed over for their back-up."""
        # No owner was posted: the receiver's `else` is told.
        if not owner:
            return Reached((), ("no owner",))
        person = self.by_email.get(known_as(owner))
        # The owner is not listed in routes.yml: the receiver's `else` is told.
        if person is None:
            return Reached((), (f"owner {_shown(owner)}, not among people",))
        ways: list[Target] = []
        steps: list[str] = []
        # The person's own ways first, then those of each back-up; whoever is away adds none.
        for each in self._back_ups(person):
            away = each.back_after(on)
            title = f"{'owner' if each is person else 'back-up'} {each.name}"
            steps.append(f"{title}, away to {away}" if away else title)
            ways += () if away else each.targets
        return Reached(_unique(ways), tuple(steps))

    def _back_ups(self, person: Person) -> Iterator[Person]:
        """A person, their back-up, the back-up's back-up, and so on."""
        at: Person | None = person
        while at is not None:
            yield at
            at = self.by_email.get(known_as(at.back_up)) if at.back_up else None


def known_as(email: str) -> str:
    """An address normalized: two spellings of one address are equal."""
    return email.strip().casefold()


def _shown(owner: str) -> str:
    """What was posted as the owner, short and printable."""
    return "".join(character if character.isprintable() else "\ufffd" for character in owner[:_SHOWN])


def _unique(ways: list[Target]) -> tuple[Target, ...]:
    """Without duplicates: two people may share an address, which need not be tried twice."""
    first: dict[str, Target] = {}
    for way in ways:
        first.setdefault(way.address_key, way)
    return tuple(first.values())
