"""Query parameters that more than one API has, their validation, and the problem for an invalid value."""

from datetime import UTC, date, datetime, time
from functools import partial
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

FIRST_DATE, LAST_DATE = date(1970, 1, 1), date(9998, 12, 31)


def bad_parameter(field: str, reason: str, detail: str) -> Problem:
    """The same problem that `problems` makes of FastAPI's own validation errors."""
    errors = [{"field": field, "reason": reason, "detail": detail}]
    return Problem(422, "bad_parameter", f"not valid: {field}: {detail}", more={"errors": errors})


def without_nul(text: str) -> str:
    """PostgreSQL's text cannot hold the character NUL."""
    if "\0" in text:
        raise ValueError("must not contain the character NUL")
    return text


def _timestamp(value: Any, *, time_of_date: time) -> float:
    """Seconds since the epoch; `time_of_date` completes a value that is a date only."""
    moment = _parse(value, time_of_date) if isinstance(value, str) else None
    if moment is None or moment.tzinfo is None:
        raise ValueError("is a date (2026-01-31) or RFC 3339 with a zone (2026-01-31T09:00:00Z; write + as %2B)")
    if not FIRST_DATE < moment.date() < LAST_DATE:
        raise ValueError(f"lies outside of {FIRST_DATE} to {LAST_DATE}")
    return moment.timestamp()


def _date_or_timestamp(value: Any) -> date | float:
    """A date stays one: only the reader knows in which time zone it is meant."""
    timestamp = _timestamp(value, time_of_date=time.min)
    return date.fromisoformat(str(value)) if _is_date(str(value)) else timestamp


def _parse(text: str, time_of_date: time) -> datetime | None:
    try:
        if _is_date(text):
            return datetime.combine(date.fromisoformat(text), time_of_date, UTC)
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _is_date(text: str) -> bool:
    return len(text) == len("2026-01-31")


_MOMENT = WithJsonSchema(
    {"type": "string", "examples": ["2026-01-31", "2026-01-31T09:00:00Z"], "description": "a date, or RFC 3339"}
)
Start = Annotated[float, BeforeValidator(partial(_timestamp, time_of_date=time.min)), _MOMENT]
End = Annotated[float, BeforeValidator(partial(_timestamp, time_of_date=time.max)), _MOMENT]
DateOrMoment = Annotated[date | float, PlainValidator(_date_or_timestamp), _MOMENT]
Text = Annotated[str, StringConstraints(min_length=1, max_length=256), AfterValidator(without_nul)]


class QueryParameters(BaseModel):
    """Unknown parameters are refused: a client must not believe that a misspelt filter was applied."""

    model_config = ConfigDict(extra="forbid", frozen=True)
