"""Times as files write them. A column is of one form; a time that could mean two moments is refused. Pure."""

import re
from collections import Counter
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, tzinfo
from enum import StrEnum
from typing import Any, Final

from ingest.importing.errors import BadCell, CellErrorReason

_NUMBER: Final = re.compile(r"-?\d{1,20}(\.\d{1,20})?\Z", re.ASCII)
_DAY: Final = re.compile(r"\d{4}-?\d{2}-?\d{2}\Z", re.ASCII)
# Eight digits are a date, such as 20260131, and not seconds.
_DAY_DIGITS: Final = 8
# As BigQuery and PostgreSQL write them: `2026-01-31 09:00:00 UTC`, `2026-01-31 09:00:00 +0000`.
_SPACED_ZONE: Final = re.compile(r"(?<=\d) ?(UTC|GMT|Z)\Z|(?<=\d) (?=[+-]\d{2}:?\d{2}\Z)", re.ASCII | re.IGNORECASE)
_DAY_FIRST_OR_MONTH: Final = re.compile(r"\d{1,2}[./-]\d{1,2}[./-]\d{2,4}", re.ASCII)
# Excel's days since 1900 for the years 1954 to 2119. As seconds these would be on 1 January 1970.
_SERIALS: Final = (20_000.0, 80_000.0)
# Seconds up to the year 5138 are smaller, milliseconds since March 1973 greater; micro- and nanoseconds exceed both.
_MILLISECONDS: Final = 1e11
_MICROSECONDS: Final = 1e14


class TimeForm(StrEnum):
    TEXT = "RFC 3339, or a date"
    SECONDS = "seconds since 1970"
    MILLISECONDS = "milliseconds since 1970"


def form_of(samples: Iterable[Any]) -> TimeForm:
    """The form that most values of a column have."""
    counts = Counter(map(_form, (value for value in samples if value not in (None, ""))))
    return counts.most_common(1)[0][0] if counts else TimeForm.TEXT


def _form(value: Any) -> TimeForm:
    number = _as_number(value)
    if number is None:
        return TimeForm.TEXT
    return TimeForm.MILLISECONDS if abs(number) >= _MILLISECONDS else TimeForm.SECONDS


def read_time(value: Any, form: TimeForm, zone: tzinfo | None) -> datetime:
    """The time, with a zone. `zone` is for values without one; a date alone is the beginning of its day.

    Raises `BadCell`.
    """
    if isinstance(value, datetime):
        return _with_zone(value, zone, str(value))
    if isinstance(value, date):
        return datetime.combine(value, time(), zone or UTC)
    if not isinstance(value, str):
        return _from_number(value, form)
    text = value.strip()
    if text[4:5] != "-" and len(text) != _DAY_DIGITS and _NUMBER.match(text):
        return _from_number(text, form)
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return _from_spaced(text, zone)
    if found.tzinfo is None and zone is None and _DAY.match(text):
        zone = UTC
    return _with_zone(found, zone, text)


def _with_zone(moment: datetime, zone: tzinfo | None, text: str) -> datetime:
    if moment.tzinfo is not None:
        return moment
    if zone is None:
        raise BadCell(
            CellErrorReason.NO_ZONE, f"{text!r} names no zone: say it for all of them, such as --zone Europe/Berlin"
        )
    return moment.replace(tzinfo=zone)


def _from_spaced(text: str, zone: tzinfo | None) -> datetime:
    respelled = _SPACED_ZONE.sub(lambda found: "+00:00" if found[1] else "", text)
    try:
        return _with_zone(datetime.fromisoformat(respelled), zone, text)
    except ValueError:
        pass
    if _DAY_FIRST_OR_MONTH.match(text):
        detail = f"{text[:40]!r}: nobody can tell day and month apart; write 2026-01-31T09:00:00Z"
    else:
        detail = f"{text[:40]!r} is no time such as 2026-01-31T09:00:00Z"
    raise BadCell(CellErrorReason.BAD_TIME, detail)


def _as_number(value: Any) -> float | None:
    if isinstance(value, str):
        text = value.strip()
        return float(text) if len(text) != _DAY_DIGITS and _NUMBER.match(text) else None
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _from_number(value: Any, form: TimeForm) -> datetime:
    number = _as_number(value)
    if number is None:
        raise BadCell(CellErrorReason.BAD_TIME, f"{str(value)[:40]!r} is no time such as 2026-01-31T09:00:00Z")
    if _SERIALS[0] <= number <= _SERIALS[1]:
        raise BadCell(
            CellErrorReason.EXCEL_SERIAL,
            f"{value} looks like a date as Excel counts days: format the column as yyyy-mm-dd hh:mm:ss",
        )
    if _form(value) is not form or abs(number) >= _MICROSECONDS:
        unit = form.value if form is not TimeForm.TEXT else "dates"
        raise BadCell(CellErrorReason.BAD_TIME, f"{value} does not fit the column, which has {unit}")
    try:
        return datetime.fromtimestamp(number / 1000 if form is TimeForm.MILLISECONDS else number, UTC)
    except (OverflowError, ValueError, OSError):
        raise BadCell(CellErrorReason.BAD_TIME, f"{value} is no moment of this calendar") from None
