"""The calendar of a card as the core reads it, and the days of a country as others give them to the core."""

from collections.abc import Callable
from typing import Final, Literal, NamedTuple

from msgspec import Struct

ACCOUNT: Final = "account"
NONE: Final = "none"
# The years of which every day is known one by one. Before and after them a day counts as a day.
FIRST_YEAR: Final = 2010
LAST_YEAR: Final = 2049

# The first and the last day on which an account is closed, each as whole days since the epoch.
Days = tuple[int, int]
# Year, month and day; year 0 stands for every year.
CalendarDay = tuple[int, int, int]


class Closure(Struct, frozen=True, kw_only=True):
    """Days that count as holidays, from the first to the last of them, in one country or in all (None)."""

    first: CalendarDay
    until: CalendarDay
    country: str | None = None


class CalendarRules(Struct, frozen=True, kw_only=True):
    """How much each day counts; an ordinary week counts seven days.

    `profile`: the weekend counts `floor` (business), or every day counts alike (daily). A holiday counts
    `holiday_factor` of the day that it is on, and a day on which the account is closed counts `floor`.
    `timezone` and `holidays` are ACCOUNT for those of the account, else a zone and a country (NONE: no holidays).
    """

    profile: Literal["business", "daily"]
    floor: float = 0.03
    holiday_factor: float = 0.1
    timezone: str = ACCOUNT
    holidays: str = ACCOUNT
    closures: tuple[Closure, ...] = ()


class CountryDays(NamedTuple):
    """The weekdays of the weekend (0 is Monday), and the public holidays as whole days since the epoch."""

    weekend: frozenset[int]
    holidays: frozenset[int]


CountryCalendars = Callable[[str], CountryDays | None]
"""The days of a country by its two letters, from FIRST_YEAR to LAST_YEAR; None for one that is not known."""
