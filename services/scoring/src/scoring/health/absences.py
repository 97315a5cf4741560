"""The days on which an account is closed: those that its facts name, and those that `account.away` told one by one."""

from collections.abc import Sequence
from typing import Final, final

from common.contracts.events import Event
from scoring.health.former_values import take_back, write_newest
from scoring.health.moments import DAY, day_number
from scoring.health.properties import id_hash, parse_date
from scoring.health.state_format import ToldAbsence

# The first and the last day on which an account is closed, each as whole days since the epoch.
Absence = tuple[int, int]
AWAY: Final = "account.away"
_AWAY: Final = "away"
_MOST_ABSENCES: Final = 32
# What was counted so long ago has faded, so nobody can tell whether the account was closed then.
_FORGOTTEN_AFTER: Final = 731


# What an event said of them: its moment, the hash of its id, and the days.
AbsenceEntry = tuple[float, int, list[Absence]]


@final
class Absences:
    """Two kinds, which add up. The facts have one list: the last writer's, with one value before for a retraction.

    Each `account.away` adds days of its own, `told` in order. Those that ended two years before a later one came are
    forgotten then, and of more than 32 those that ended first.
    """

    __slots__ = ("_former", "_present", "told")

    def __init__(self) -> None:
        self._present: dict[str, AbsenceEntry] = {}
        self._former: dict[str, AbsenceEntry] = {}
        self.told: list[ToldAbsence] = []

    @property
    def days(self) -> Sequence[Absence]:
        """In order; they may overlap."""
        stated = self._present[_AWAY][2] if self._present else []
        return sorted([*stated, *[(each.first, each.last) for each in self.told]]) if self.told else stated

    def write(self, event: Event, *, moment: float, at: float) -> None:
        """As `write_facts` does; one wrong entry makes the whole value wrong. `at` is the account's time (UTC)."""
        if event.name == AWAY:
            self._tell(event, at)
        elif event.name == "account.updated" and _AWAY in event.properties:
            read = _absences(event.properties[_AWAY])
            if read is not None:
                write_newest(self._present, self._former, _AWAY, (moment, id_hash(event), read))

    def _tell(self, event: Event, at: float) -> None:
        absence = _absence(event.properties)
        if absence is None or absence[0] > absence[1]:
            return
        by, oldest = id_hash(event), int(at // DAY) - _FORGOTTEN_AFTER
        # Whoever posts the same event once more, long after the first time, adds nothing.
        kept = [each for each in self.told if each.by != by and each.last >= oldest]
        kept.append(ToldAbsence(*absence, by))
        kept.sort(key=lambda each: (each.last, each.first, each.by))
        self.told = sorted(kept[-_MOST_ABSENCES:])

    def retract(self, by: int) -> bool:
        """Takes back what the event with this hash said; whether that counted."""
        kept = [each for each in self.told if each.by != by]
        undone = len(kept) < len(self.told)
        self.told = kept
        return take_back(self._present, self._former, by) or undone

    def dump(self) -> tuple[list[AbsenceEntry], list[AbsenceEntry]]:
        """Those of the facts."""
        return list(self._present.values()), list(self._former.values())

    def restore(
        self, present: Sequence[AbsenceEntry], former: Sequence[AbsenceEntry], told: Sequence[ToldAbsence]
    ) -> None:
        """Takes what `dump` gave, and `told`."""
        self._present = dict.fromkeys([_AWAY], present[0]) if present else {}
        self._former = dict.fromkeys([_AWAY], former[0]) if former else {}
        self.told = list(told)


def _absences(value: object) -> list[Absence] | None:
    """None for what is no list of days, or too long a one."""
    if value is None:
        return []
    if not isinstance(value, list) or len(value) > _MOST_ABSENCES:
        return None
    found = []
    for each in value:
        absence = _absence(each)
        if absence is None:
            return None
        if absence[0] <= absence[1]:
            found.append(absence)
    return sorted(found)


def _absence(value: object) -> Absence | None:
    if not isinstance(value, dict):
        return None
    first, last = parse_date(value.get("from")), parse_date(value.get("until"))
    return None if first is None or last is None else (day_number(first), day_number(last))
