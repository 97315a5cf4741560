"""What the address of the page about an account asks for: dates, the pages of its lists, and one alert in full."""

from collections.abc import Sequence
from datetime import date
from enum import StrEnum
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints
from starlette.datastructures import QueryParams

from console.web.addresses import account_address
from console.web.view import none_if_empty

Cursor = Annotated[str, StringConstraints(min_length=1, max_length=4_096, pattern=r"^[^\x00]*$")]


class Did(StrEnum):
    """What the page says after an act."""

    ACKNOWLEDGED = "acknowledged"
    TAKEN_BEFORE = "taken-before"
    SENT_AGAIN = "sent-again"
    NOTHING_FAILED = "nothing-failed"
    OVERRIDDEN = "overridden"
    ENDED = "ended"
    CHANGED_BEFORE = "changed-before"


OptionalDate = Annotated[date | None, BeforeValidator(none_if_empty)]
OptionalCursor = Annotated[Cursor | None, BeforeValidator(none_if_empty)]


def _with_year(value: date | None) -> date | None:
    if value is not None and not 1970 <= value.year <= 9998:
        raise ValueError("is no date that an account has")
    return value


class AccountView(BaseModel):
    """`as_of` is the day until which the account would stay silent; `since` and `until` bound the past that is shown.

    `moves` is a page of what moved the score, `tickets` one of tickets; the others are cursors of lists. `alert` is
    shown with every attempt.
    """

    model_config = ConfigDict(extra="ignore", frozen=True)

    as_of: Annotated[OptionalDate, AfterValidator(_with_year)] = None
    since: Annotated[OptionalDate, AfterValidator(_with_year)] = None
    until: Annotated[OptionalDate, AfterValidator(_with_year)] = None
    moves: int = Field(default=1, ge=1, le=1_000)
    people: OptionalCursor = None
    alerts: OptionalCursor = None
    entries: OptionalCursor = None
    tickets: int = Field(default=1, ge=1, le=1_000)
    answers: OptionalCursor = None
    alert: Annotated[str, StringConstraints(max_length=200, pattern=r"^[^\x00]*$")] = ""
    did: Did | None = None

    def fields(self, without: Sequence[str]) -> list[tuple[str, str]]:
        """What a form keeps of the address, for its hidden fields."""
        return [(name, value) for name, value in self._pairs(did=None) if name not in without]

    def address(self, account_id: str, part: str = "", **changes: Any) -> str:
        """With these changes, at the heading `part`. What was done is said once."""
        pairs = self._pairs(**{"did": None, **changes})
        query = f"?{urlencode(pairs)}" if pairs else ""
        return f"{account_address(account_id)}{query}{'#' if part else ''}{part}"

    def _pairs(self, **changes: Any) -> list[tuple[str, str]]:
        values = {**self.model_dump(), **changes}
        return [(name, str(value)) for name, value in values.items() if value != AccountView.model_fields[name].default]


def view_of(query: QueryParams) -> AccountView:
    """Raises Pydantic's `ValidationError`."""
    return AccountView.model_validate({name: query[name] for name in query if name})
