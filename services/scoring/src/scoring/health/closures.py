"""The days on which an account is closed: those that its facts name, and those that `account.away` told one by one."""

from collections.abc import Sequence
from typing import Final, final

from common.contracts.events import Event
from scoring.health.calendar.definition import Days
from scoring.health.former_values import take_back, write_newest
from scoring.health.moments import DAY, day_number
from scoring.health.properties import id_hash, parse_date
from scoring.health.state_format import ToldClosure

AWAY: Final = "account.away"
_AWAY: Final = "away"
_MOST_CLOSURES: Final = 32
# Days. What was counted so long ago has faded, so it does not matter whether the account was closed then.
_FORGOTTEN_AFTER: Final = 731
# What an event said of closures: its moment, the hash of its id, and the days.
ClosureEntry = tuple[float, int, list[Days]]


@final
class Closures:
    """The closures of one account, of two kinds, which add up.

    The fact `away` is one list: the last writer's, with the value before it for a retraction. Each `account.away` adds
    one closure to `told`, which is in order. When one comes, those that ended two years before are forgotten, and of
    more than 32 those that ended first.
    """

    __slots__ = ("_former", "_present", "told")

    def __init__(self) -> None:
        self._present: dict[str, ClosureEntry] = {}
        self._former: dict[str, ClosureEntry] = {}
        self.told: list[ToldClosure] = []

    @property
    def days(self) -> Sequence[Days]:
        """In order; they may overlap."""
        stated = self._present[_AWAY][2] if self._present else []
        return sorted([*stated, *[(each.first, each.last) for each in self.told]]) if self.told else stated

    def write(self, event: Event, *, moment: float, at: float) -> None:
        """Takes what an event of the moment `moment` says; `at` is the account's time (UTC).

        A wrong value says nothing. One wrong entry makes a whole list wrong.
        """
        if event.name == AWAY:
            self._tell(event, at)
        elif event.name == "account.updated" and _AWAY in event.properties:
            read = _closures(event.properties[_AWAY])
            if read is not None:
                write_newest(self._present, self._former, _AWAY, (moment, id_hash(event), read))

    def _tell(self, event: Event, at: float) -> None:
        closure = _closure(event.properties)
        if closure is None or closure[0] > closure[1]:
            return
        by, oldest = id_hash(event), int(at // DAY) - _FORGOTTEN_AFTER
        # The same event posted once more, long after the first time, adds nothing.
        kept = [each for each in self.told if each.by != by and each.last >= oldest]
        kept.append(ToldClosure(*closure, by))
        kept.sort(key=lambda each: (each.last, each.first, each.by))
        self.told = sorted(kept[-_MOST_CLOSURES:])

    def retract(self, by: int) -> bool:
        """Takes back what the event with this hash said; whether that counted."""
        kept = [each for each in self.told if each.by != by]
        undone = len(kept) < len(self.told)
        self.told = kept
        return take_back(self._present, self._former, by) or undone

    def dump(self) -> tuple[list[ClosureEntry], list[ClosureEntry]]:
        """What the fact `away` says, and what it said before; `told` is stored beside it."""
        return list(self._present.values()), list(self._former.values())

    def restore(
        self, present: Sequence[ClosureEntry], former: Sequence[ClosureEntry], told: Sequence[ToldClosure]
    ) -> None:
        """Takes what `dump` gave, and `told`."""
        self._present = dict.fromkeys([_AWAY], present[0]) if present else {}
        self._former = dict.fromkeys([_AWAY], former[0]) if former else {}
        self.told = list(told)


def _closures(value: object) -> list[Days] | None:
    """None for a value that is no list of closures, or too long a list."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MOST_CLOSURES:
        return None
    found = []
    for each in value:
        closure = _closure(each)
        if closure is None:
            return None
        if closure[0] <= closure[1]:
            found.append(closure)
    return sorted(found)


def _closure(value: object) -> Days | None:
    if not isinstance(value, dict):
        return None
    first, last = parse_date(value.get("from")), parse_date(value.get("until"))
    return None if first is None or last is None else (day_number(first), day_number(last))
