"""The `clock` of a scorecard, key by key: how much each day counts for decay and silence."""

import re
from datetime import date
from typing import Annotated

from pydantic import Field, PlainValidator

from common.documents.error_texts import expected
from common.documents.findings import Findings
from common.documents.model import DocumentModel
from common.documents.value_types import NAME, Entry, Given, choice, text
from scoring.health.calendar.definition import ACCOUNT, NONE, CalendarDay, CalendarRules, Closure
from scoring.health.moments import zone_named

_DAY = r"^([0-9]{4}-)?[0-9]{2}-[0-9]{2}$"
_A_LEAP_YEAR = 2000
_COUNTRY = r"[A-Z]{2}"


def _day(value: object) -> CalendarDay:
    if isinstance(value, str) and re.match(_DAY, value):
        *years, month, of_month = map(int, value.split("-"))
        year = years[0] if years else 0
        try:
            date(year if years else _A_LEAP_YEAR, month, of_month)
        except ValueError:
            pass
        else:
            return year, month, of_month
    raise expected("a day such as 2026-08-24, or 12-24 for every year")


def _zone(value: object) -> str:
    if value == ACCOUNT or (isinstance(value, str) and zone_named(value) is not zone_named(None)):
        return str(value)
    raise expected("account, or a time zone such as Europe/Berlin")


_Day = Annotated[CalendarDay, PlainValidator(_day, json_schema_input_type=Annotated[str, Field(pattern=_DAY)])]
_Share = Annotated[float, Field(ge=0, le=1)]
# Less would put a moment off by more than rounding may when it is mapped back to the wall clock.
_Floor = Annotated[float, Field(ge=0.01, le=1)]
_Country = Annotated[str, text(f"^{_COUNTRY}$", "two letters of ISO 3166 such as DE")]
_Holidays = Annotated[str, text(f"^({ACCOUNT}|{NONE}|{_COUNTRY})$", "account, none or a country such as DE")]


class ClosureEntry(DocumentModel):
    """Days that count as public holidays."""

    first: _Day = Field(alias="from", description="The first day: 2026-08-24, or 12-24 for every year.")
    until: _Day = Field(description="The last day, included.")
    country: Given[_Country] = Field(None, description="Only accounts of this country (default: all).")


class ClockEntry(DocumentModel):
    """How much each day counts for decay and silence. An ordinary week counts seven days."""

    profile: Annotated[str, choice("business", "daily")] = Field(
        description="business: the weekend counts floor. daily: every day of the week counts alike."
    )
    floor: _Floor = Field(0.03, description="The least that a day counts (default 0.03).")
    holiday_factor: _Share = Field(0.1, description="How much of its day a public holiday counts (default 0.1).")
    timezone: Annotated[str, PlainValidator(_zone, json_schema_input_type=str)] = Field(
        ACCOUNT, description="Whose days they are: the account's (default), or a zone for all."
    )
    holidays: _Holidays = Field(
        ACCOUNT, description="The account's country (default), a country for all, or none. Weekends are its, too."
    )
    closures: Annotated[
        dict[Entry[Annotated[str, text(NAME, "a name of a-z, 0-9 and _")]], Entry[ClosureEntry]], Field(max_length=64)
    ] = Field({}, description="Days that count as public holidays, by name.")

    def rules(self) -> CalendarRules:
        """As the core reads it. Only of an entry without problems."""
        given = self.fields_given()
        closures = tuple(Closure(**each.fields_given()) for each in self.closures.values())
        return CalendarRules(**given | {"closures": closures})


def check_clock(clock: ClockEntry, found: Findings) -> None:
    for name, closure in clock.closures.items():
        every_year = [each[0] == 0 for each in (closure.first, closure.until)]
        if any(every_year) and not all(every_year):
            found.problem(f"clock.closures.{name}", "'from' and 'until' both have a year, or neither has")
        elif not any(every_year) and closure.until < closure.first:
            found.problem(f"clock.closures.{name}.until", "is before 'from'")
