"""The types of values that properties of standard events have, with bounds and units.

The description of a type completes the sentence "expected ...". `respell` of a type is how a text is written properly:
with it a value counts as right but for its letter case.
"""

import re
from collections.abc import Callable
from datetime import date, datetime
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, ClassVar, Final, Literal

from msgspec import Meta, Struct

# The bounds of a moment in seconds that is no mistake for milliseconds: 1970 to the year 5138.
_LAST_SECOND: Final = 99_999_999_999
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}.*\Z", re.ASCII)
_EARLIEST: Final = date(1970, 1, 1)


def _extra(respell: Callable[[str], str]) -> dict[str, Any]:
    return {"respell": respell}


class CheckedValue:
    """A value in a format that msgspec does not check: `read` does."""

    __slots__ = ()
    description: ClassVar[str]

    @classmethod
    def read(cls, value: object) -> "CheckedValue":
        """Raises `ValueError` for what is no such value."""
        if not isinstance(value, str) or not cls.is_valid(value):
            raise ValueError(f"expected {cls.description}")
        return cls()

    @classmethod
    def is_valid(cls, text: str) -> bool:
        raise NotImplementedError

    @classmethod
    def respell(cls, text: str) -> str:
        """The text in its proper letter case, if it has one."""
        return text


class CalendarDate(CheckedValue):
    """A calendar day. Of a moment the day counts, as it is written."""

    __slots__ = ()
    description = "a date such as 2026-12-31"

    @classmethod
    def is_valid(cls, text: str) -> bool:
        day = _day_of(text)
        return day is not None and day >= _EARLIEST


class Due(CheckedValue):
    """A date, RFC 3339 with zone, or seconds since the epoch."""

    __slots__ = ()
    description = "a date such as 2026-12-31, RFC 3339 with zone, or seconds since 1970"

    @classmethod
    def read(cls, value: object) -> "CheckedValue":
        if type(value) in (int, float) and 0 <= value <= _LAST_SECOND:  # type: ignore[operator]
            return cls()
        return super().read(value)

    @classmethod
    def is_valid(cls, text: str) -> bool:
        if _MOMENT.match(text):
            moment = _moment(text)
            return moment is not None and moment.tzinfo is not None and moment.date() >= _EARLIEST
        return CalendarDate.is_valid(text)


class Until(CheckedValue):
    """A date, or RFC 3339 with zone."""

    __slots__ = ()
    description = "a date such as 2026-12-31, or RFC 3339 with zone"

    @classmethod
    def is_valid(cls, text: str) -> bool:
        return Due.is_valid(text)


class TimeZone(CheckedValue):
    """A time zone by its name in the IANA database."""

    __slots__ = ()
    description = "an IANA time zone such as Europe/Berlin"

    @classmethod
    def is_valid(cls, text: str) -> bool:
        return _zones().get(text.lower()) == text

    @classmethod
    def respell(cls, text: str) -> str:
        return _zones().get(text.lower(), text)


class Country(CheckedValue):
    """A country by its two letters in ISO 3166-1."""

    __slots__ = ()
    description = "two letters of ISO 3166 such as DE"

    @classmethod
    def is_valid(cls, text: str) -> bool:
        return text in _countries()

    @classmethod
    def respell(cls, text: str) -> str:
        return text.upper()


def _language(text: str) -> str:
    """Letter case as BCP 47 recommends it: `pt-BR`, `zh-Hant`."""
    language, *subtags = text.lower().split("-")
    return "-".join([language, *map(_subtag, subtags)])


def _subtag(text: str) -> str:
    """A region has two letters, a script four."""
    return text.upper() if len(text) == 2 else text.title() if len(text) == 4 else text


def _day_of(text: str) -> date | None:
    if _DAY.match(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    moment = _moment(text) if _MOMENT.match(text) else None
    return moment.date() if moment else None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


# Zones and countries are those of the package tzdata, so that every machine knows the same ones.
@cache
def _zones() -> dict[str, str]:
    names = files("tzdata").joinpath("zones").read_text(encoding="utf-8").split()
    return {name.lower(): name for name in names}


@cache
def _countries() -> frozenset[str]:
    lines = files("tzdata").joinpath("zoneinfo", "iso3166.tab").read_text(encoding="utf-8").splitlines()
    return frozenset(line.split("\t", 1)[0] for line in lines if line and not line.startswith("#"))


class ClosedDays(Struct, frozen=True, rename={"first": "from"}):
    """Days on which the account is closed, from the first to the last of them."""

    first: CalendarDate
    until: CalendarDate


# Numbers.
Money = Annotated[float, Meta(ge=0, le=1e12, description="a number from 0 to 1,000,000,000,000")]
Seats = Annotated[float, Meta(ge=0, le=10_000_000, description="a number from 0 to 10,000,000")]
Hours = Annotated[float, Meta(ge=0, le=100_000, description="hours, a number from 0 to 100,000")]
Seconds = Annotated[float, Meta(ge=0, le=10_000_000, description="seconds, a number from 0 to 10,000,000")]
Amount = Annotated[float, Meta(ge=0, le=1_000_000_000, description="a number from 0 to 1,000,000,000")]
SeverityLevel = Annotated[
    float, Meta(ge=0, le=10, description="a number from 0 to 10, such as 1 for a question and 4 for an outage")
]
NpsScore = Annotated[float, Meta(ge=0, le=10, multiple_of=1, description="a whole number from 0 to 10")]
CsatScore = Annotated[float, Meta(ge=1, le=5, multiple_of=1, description="a whole number from 1 to 5")]
Percent = Annotated[float, Meta(ge=0, le=100, description="a number from 0 to 100")]

# Texts.
Label = Annotated[str, Meta(min_length=1, max_length=200, description="a text of 1 to 200 characters")]
Prose = Annotated[str, Meta(max_length=8192, description="a text of at most 8,192 characters")]
Identifier = Annotated[str, Meta(min_length=1, max_length=128, description="a text of 1 to 128 characters")]
EmailAddress = Annotated[
    str,
    Meta(
        max_length=254,
        pattern=r"^[^@\s]+@[^@\s]+\Z",
        description="an e-mail address such as dana@example.com",
    ),
]
TierName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_-]{0,63}\Z",
        description="a word in small letters, such as high, low or tech",
        extra=_extra(str.lower),
    ),
]
StepName = Annotated[
    str,
    Meta(
        pattern=r"^[a-z0-9][a-z0-9_.-]{0,63}\Z",
        description="up to 64 of a-z, 0-9, _, - and ., such as sso_live",
        extra=_extra(str.lower),
    ),
]
Language = Annotated[
    str,
    Meta(
        pattern=r"^[a-z]{2,3}(-[A-Z][a-z]{3})?(-([A-Z]{2}|[0-9]{3}))?(-[a-z0-9]{5,8})*\Z",
        description="a language by BCP 47, such as de or pt-BR",
        extra=_extra(_language),
    ),
]
Currency = Annotated[
    str, Meta(pattern=r"^[A-Z]{3}\Z", description="three letters of ISO 4217 such as EUR", extra=_extra(str.upper))
]
StageName = Annotated[
    Literal["onboarding", "adoption", "renewal", "expansion"],
    Meta(description="onboarding, adoption, renewal or expansion", extra=_extra(str.lower)),
]
BandName = Annotated[
    Literal["green", "yellow", "red"], Meta(description="green, yellow or red", extra=_extra(str.lower))
]
Closures = Annotated[
    tuple[ClosedDays, ...], Meta(max_length=32, description='at most 32 of {"from": date, "until": date}')
]
Switch = Annotated[bool, Meta(description="true or false")]
