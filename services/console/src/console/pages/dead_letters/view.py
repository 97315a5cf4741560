"""What the address and the forms of the dead letters ask for."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import urlencode

from msgspec import Struct
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, StringConstraints

from console.clients.dead_letters import Letter
from console.web.view import none_if_empty

PATH: Final = "/admin/dead-letters"
ROWS: Final = 50
_FILTERS: Final = ("reason", "source", "account", "since", "until")
_LETTER: Final = re.compile(r"letter:([0-9]{1,5}:[0-9]{1,18})", re.ASCII)


def _moment(text: str) -> str:
    parsed = datetime.fromisoformat(text)
    if parsed.tzinfo is None and len(text) > len("2026-03-02"):
        raise ValueError("needs a zone")
    return text


Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=256, pattern=r"^[^\x00]*$")]
Words = Annotated[Text | None, BeforeValidator(none_if_empty)]
Moment = Annotated[
    Annotated[str, StringConstraints(max_length=40), AfterValidator(_moment)] | None, BeforeValidator(none_if_empty)
]


class LettersView(BaseModel):
    """The filters are in the address. `report` is the row of the audit that says what was just sent."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    reason: Words = None
    source: Words = None
    account: Words = None
    since: Moment = None
    until: Moment = None
    report: Annotated[int | None, BeforeValidator(none_if_empty)] = None

    @property
    def filters(self) -> Mapping[str, str]:
        """As ingest names them."""
        return {name: value for name in _FILTERS if (value := getattr(self, name)) is not None}

    def address(self, **changed: str) -> str:
        asked = {**self.filters, **changed}
        return f"{PATH}?{urlencode(asked)}" if asked else PATH

    def older_than(self, letter: Letter) -> str:
        """The page that begins with the letters of the same millisecond, so that none is passed over."""
        until = letter.at.astimezone(UTC) + timedelta(milliseconds=1)
        return self.address(until=until.isoformat())


def view_of(asked: Mapping[str, str]) -> LettersView:
    """Raises Pydantic's `ValidationError`."""
    return LettersView.model_validate(dict(asked))


class ChosenLetters(Struct, frozen=True):
    """What a form chose: letters by their positions, or all that match the filters. `again`: also those sent before."""

    positions: tuple[str, ...]
    every: bool
    again: bool

    def is_nothing(self, filters: Mapping[str, str]) -> bool:
        """Without a filter all letters that match would be the whole topic."""
        return not self.positions and not (self.every and filters)

    @property
    def fields(self) -> Mapping[str, str]:
        """As the form has them."""
        found = {f"letter:{position}": "on" for position in self.positions}
        return found | ({"every": "on"} if self.every else {}) | ({"again": "on"} if self.again else {})


def chosen_letters(form: Mapping[str, str]) -> ChosenLetters:
    every = "every" in form
    named = tuple(match[1] for name in form if (match := _LETTER.fullmatch(name)))
    return ChosenLetters(() if every else named, every, "again" in form)
