"""Query parameters that more than one API takes, each with its bounds, and the problem for a value outside of them."""

from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    StringConstraints,
    WithJsonSchema,
)

from common.problems import Problem

FIRST, LAST = date(1970, 1, 1), date(9998, 12, 31)


def bad_parameter(field: str, reason: str, detail: str) -> Problem:
    """As the framework's own validation is told."""
    errors = [{"field": field, "reason": reason, "detail": detail}]
    return Problem(422, "bad_parameter", f"not valid: {field}: {detail}", more={"errors": errors})


def without_nul(text: str) -> str:
    """PostgreSQL cannot store it."""
    if "\0" in text:
        raise ValueError("must not contain the character NUL")
    return text


def _start(value: Any) -> float:
    """A date is its first moment."""
    return _moment(value, time.min)


def _end(value: Any) -> float:
    """A date is its last moment."""
    return _moment(value, time.max)


def _date_or_moment(value: Any) -> date | float:
    """A date stays one: it is for the reader to say in whose time zone."""
    moment = _start(value)
    return date.fromisoformat(str(value)) if _is_date(str(value)) else moment


def _moment(value: Any, of_day: time) -> float:
    moment = _read(str(value), of_day)
    if moment is None or moment.tzinfo is None:
        raise ValueError("is a date (2026-01-31) or RFC 3339 with a zone (2026-01-31T09:00:00Z; write + as %2B)")
    if not FIRST < moment.date() < LAST:
        raise ValueError(f"lies outside of {FIRST} to {LAST}")
    return moment.timestamp()


def _read(text: str, of_day: time) -> datetime | None:
    try:
        if _is_date(text):
            return datetime.combine(date.fromisoformat(text), of_day, UTC)
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _is_date(text: str) -> bool:
    return len(text) == len("2026-01-31")


_MOMENT = WithJsonSchema(
    {"type": "string", "examples": ["2026-01-31", "2026-01-31T09:00:00Z"], "description": "a date, or RFC 3339"}
)
Start = Annotated[float, BeforeValidator(_start), _MOMENT]
End = Annotated[float, BeforeValidator(_end), _MOMENT]
DateOrMoment = Annotated[date | float, PlainValidator(_date_or_moment), _MOMENT]
Text = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(without_nul)]


class Parameters(BaseModel):
    """Unknown names are refused: a filter that is not there must not be taken for one that is."""

    model_config = ConfigDict(extra="forbid", frozen=True)
