"""What becomes of simulated firms: a year in which they are well, a death, a rhythm of their own, a decline."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from scoring.backtest.healthy.firms import (
    CLOSES,
    NEW_YEAR,
    YEAR,
    Attendance,
    Colleague,
    Firm,
    Zeal,
    attendances,
    make_firm,
)

FEWER_SESSIONS_OVER = timedelta(weeks=7)
PEOPLE_LEAVE_OVER = timedelta(weeks=8)
# Declines are judged before August, so that leave neither hides nor tells them.
_JUDGED_UNTIL = date(2026, 8, 1)
_STEADY = 0.9


class Story(StrEnum):
    WELL = "well"
    DIES = "dies on a day"
    DAILY = "well, every working day"
    MONDAYS = "well, Mondays only"
    MONTH_ENDS = "well, month ends only"
    FEWER_SESSIONS = "20 to 2 sessions a week"
    NO_CORE = "core use stops"
    HALF_LEAVE = "60 daily users to 30"
    MOST_LEAVE = "60 daily users to 15"


WELL = (Story.WELL, Story.DAILY, Story.MONDAYS, Story.MONTH_ENDS)


class Group(Struct, frozen=True):
    """So many firms with so many people each. With `told` a firm that closes says so on the first day."""

    story: Story
    users: int
    firms: int
    told: bool = False

    @property
    def title(self) -> str:
        return f"{self.story}, closures told" if self.told else self.story.value


SIZES = ((3, 120), (10, 120), (50, 60))
GROUPS = (
    *(Group(Story.WELL, users, firms) for users, firms in SIZES),
    *(Group(Story.WELL, users, firms, told=True) for users, firms in SIZES),
    *(Group(Story.DIES, users, firms) for users, firms in SIZES),
    *(Group(Story.DIES, users, firms, told=True) for users, firms in SIZES),
    *(Group(story, 10, 40) for story in (Story.DAILY, Story.MONDAYS, Story.MONTH_ENDS)),
    Group(Story.FEWER_SESSIONS, 5, 40),
    Group(Story.NO_CORE, 10, 40),
    Group(Story.HALF_LEAVE, 60, 40),
    Group(Story.MOST_LEAVE, 60, 40),
)


class Plot(Struct, frozen=True):
    """What happens to one firm. `trouble` is the first day of its death or decline, None for a firm that is well.

    After `core_until` nobody does what the product is bought for. What is told counts up to `judged_until`. `closes` is
    the day on which the firm says that it closes, None if it does not say so.
    """

    firm: Firm
    days: tuple[Attendance, ...]
    trouble: date | None
    core_until: date
    judged_until: date
    closes: date | None = None


def plot(group: Group, number: int, *, random: Random) -> Plot:
    """A firm of this group."""
    found = _plot(group, number, random=random)
    return replace(found, closes=found.firm.people[0].leave) if group.told and found.firm.closed_together else found


def _plot(group: Group, number: int, *, random: Random) -> Plot:
    story = group.story
    firm = make_firm(random, f"{story.name.lower()}-{group.users}-{number}", group.users, number=number)
    if story in WELL:
        days = attendances(random, firm, until=NEW_YEAR, zeal=_ZEALS[story])
        return Plot(firm, tuple(days), None, date.max, NEW_YEAR)
    if story is Story.DIES:
        death = YEAR + timedelta(days=random.randrange(30, 330))
        return Plot(firm, tuple(attendances(random, firm, until=death, zeal=_own_zeal)), death, date.max, CLOSES)
    begins = YEAR + timedelta(days=random.randrange(30, 90))
    days = attendances(random, firm, until=_JUDGED_UNTIL, zeal=_DECLINES[story](begins), leave=False)
    core_until = begins if story is Story.NO_CORE else date.max
    return Plot(firm, tuple(days), begins, core_until, _JUDGED_UNTIL)


def _own_zeal(day: date, number: int, person: Colleague) -> float:
    return person.zeal


def _on_mondays(day: date, number: int, person: Colleague) -> float:
    return _STEADY if day.weekday() == 0 else 0.0


def _at_month_ends(day: date, number: int, person: Colleague) -> float:
    """On the last two working days of a month."""
    return _STEADY if day in _last_working_days(day) else 0.0


def _last_working_days(day: date) -> list[date]:
    last = (day.replace(day=1) + timedelta(days=32)).replace(day=1) - timedelta(days=1)
    return list(_working_days_back(last))


def _working_days_back(last: date) -> Iterator[date]:
    found = 0
    while found < 2:
        if last.weekday() < 5:
            found += 1
            yield last
        last -= timedelta(days=1)


_ZEALS: dict[Story, Zeal] = {
    Story.WELL: _own_zeal,
    Story.DAILY: lambda day, number, person: _STEADY,
    Story.MONDAYS: _on_mondays,
    Story.MONTH_ENDS: _at_month_ends,
}


def _fewer_sessions(begins: date) -> Zeal:
    """Five people with four sessions a week each, down to two sessions a week of all."""

    def zeal(day: date, number: int, person: Colleague) -> float:
        done = min(max((day - begins) / FEWER_SESSIONS_OVER, 0.0), 1.0)
        return 0.8 - done * (0.8 - 0.08)

    return zeal


def _leaving(stay: int) -> Callable[[date], Zeal]:
    """One after the other goes for good, until so many are left."""

    def decline(begins: date) -> Zeal:
        def zeal(day: date, number: int, person: Colleague) -> float:
            if number < stay:
                return _STEADY
            leaves = begins + PEOPLE_LEAVE_OVER * ((number - stay + 1) / (60 - stay))
            return _STEADY if day < leaves else 0.0

        return zeal

    return decline


_DECLINES: dict[Story, Callable[[date], Zeal]] = {
    Story.FEWER_SESSIONS: _fewer_sessions,
    Story.NO_CORE: lambda begins: _own_zeal,
    Story.HALF_LEAVE: _leaving(30),
    Story.MOST_LEAVE: _leaving(15),
}
