"""The stories of simulated firms: a year in which they are well, a death, a steady rhythm, a decline."""

from collections.abc import Callable
from datetime import date, timedelta
from enum import StrEnum
from random import Random

from msgspec import Struct
from msgspec.structs import replace

from scoring.backtest.healthy import rhythms
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


class Story(StrEnum):
    WELL = "well"
    DIES = "dies on a day"
    DAILY = "well, every working day"
    MONDAYS = "well, Mondays only"
    MONTH_ENDS = "well, month ends only"
    STEADY = "steady, as people like"
    STEADY_DAILY = "steady, every working day"
    STEADY_MONDAYS = "steady, Mondays only"
    STEADY_TWICE_A_WEEK = "steady, twice a week"
    STEADY_EVERY_OTHER_WEEK = "steady, every other week"
    STEADY_MONTH_ENDS = "steady, month ends only"
    FEWER_SESSIONS = "20 to 2 sessions a week"
    NO_CORE = "core use stops"
    HALF_LEAVE = "60 daily users to 30"
    MOST_LEAVE = "60 daily users to 15"


# Nobody takes leave in these firms, so every alarm about them is false.
STEADY = (
    Story.STEADY,
    Story.STEADY_DAILY,
    Story.STEADY_MONDAYS,
    Story.STEADY_TWICE_A_WEEK,
    Story.STEADY_EVERY_OTHER_WEEK,
    Story.STEADY_MONTH_ENDS,
)
WELL = (Story.WELL, Story.DAILY, Story.MONDAYS, Story.MONTH_ENDS, *STEADY)


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
RHYTHMS = (
    Group(Story.STEADY, 3, 200),
    Group(Story.STEADY, 6, 200),
    Group(Story.STEADY_DAILY, 1, 200),
    Group(Story.STEADY_DAILY, 10, 200),
    *(Group(story, 6, 200) for story in STEADY[2:]),
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
        days = attendances(random, firm, until=NEW_YEAR, zeal=_ZEALS[story], leave=story not in STEADY)
        return Plot(firm, tuple(days), None, date.max, NEW_YEAR)
    if story is Story.DIES:
        death = YEAR + timedelta(days=random.randrange(30, 330))
        days = attendances(random, firm, until=death, zeal=rhythms.as_they_like)
        return Plot(firm, tuple(days), death, date.max, CLOSES)
    begins = YEAR + timedelta(days=random.randrange(30, 90))
    days = attendances(random, firm, until=_JUDGED_UNTIL, zeal=_DECLINES[story](begins), leave=False)
    core_until = begins if story is Story.NO_CORE else date.max
    return Plot(firm, tuple(days), begins, core_until, _JUDGED_UNTIL)


_ZEALS: dict[Story, Zeal] = {
    Story.WELL: rhythms.as_they_like,
    Story.DAILY: rhythms.every_day,
    Story.MONDAYS: rhythms.on_mondays,
    Story.MONTH_ENDS: rhythms.at_month_ends,
    Story.STEADY: rhythms.as_they_like,
    Story.STEADY_DAILY: rhythms.every_day,
    Story.STEADY_MONDAYS: rhythms.on_mondays,
    Story.STEADY_TWICE_A_WEEK: rhythms.twice_a_week,
    Story.STEADY_EVERY_OTHER_WEEK: rhythms.every_other_week,
    Story.STEADY_MONTH_ENDS: rhythms.at_month_ends,
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
                return rhythms.STEADY_CHANCE
            leaves = begins + PEOPLE_LEAVE_OVER * ((number - stay + 1) / (60 - stay))
            return rhythms.STEADY_CHANCE if day < leaves else 0.0

        return zeal

    return decline


_DECLINES: dict[Story, Callable[[date], Zeal]] = {
    Story.FEWER_SESSIONS: _fewer_sessions,
    Story.NO_CORE: lambda begins: rhythms.as_they_like,
    Story.HALF_LEAVE: _leaving(30),
    Story.MOST_LEAVE: _leaving(15),
}
