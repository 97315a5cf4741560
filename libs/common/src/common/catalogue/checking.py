"""Checks the properties of a standard event.

Three mistakes are forgiven, and noted: a number in quotes, another letter case where it has no meaning, and blanks
around a text. Everything else is an error with field and reason.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from types import NoneType
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec
from msgspec import Meta, Struct
from msgspec.structs import FieldInfo, fields

from common.catalogue.standard_event import StandardEvent
from common.catalogue.values import CheckedValue

# Clients of databases give decimals as texts. 48.000 stays an error: in many countries it is 48000.
_NUMBER: Final = re.compile(r"(?![1-9][0-9]{0,2}\.[0-9]{3}\Z)[0-9]{1,15}(\.[0-9]{1,20})?\Z")
_SHOWN_CHARS: Final = 60
_WHOLE_CHARS: Final = 128  # no id of an account or a user is longer
_SIZES: Final[Mapping[type, str]] = {
    str: "a text of {} characters",
    list: "a list of {}",
    dict: "an object with {} keys",
}


class ValueReason(StrEnum):
    """Why a property of a standard event cannot be taken."""

    MISSING = "missing"
    WRONG_TYPE = "wrong_type"
    OUT_OF_RANGE = "out_of_range"
    BAD_VALUE = "bad_value"


class NoteReason(StrEnum):
    """What was forgiven in a value."""

    DIGITS_IN_QUOTES = "digits_in_quotes"
    LETTER_CASE = "letter_case"
    SURROUNDING_BLANKS = "surrounding_blanks"


class PropertyError(Struct, frozen=True):
    """`field` is the name of the property."""

    field: str
    reason: ValueReason
    detail: str


class PropertyNote(Struct, frozen=True):
    """A value was taken after a correction; `detail` says what came and what was taken."""

    field: str
    reason: NoteReason
    detail: str


class CheckedProperties(Struct, frozen=True):
    """`properties` have the corrections in them. They can be taken if `errors` is empty."""

    properties: dict[str, Any]
    notes: tuple[PropertyNote, ...] = ()
    errors: tuple[PropertyError, ...] = ()


class Property:
    """One property of a standard event. `type` is that of its values without None."""

    def __init__(self, info: FieldInfo) -> None:
        self.name = info.encode_name
        self.required = info.required
        self.type: Any = next((each for each in get_args(info.type) if get_args(info.type)[-1] is NoneType), info.type)
        annotated = get_origin(self.type) is Annotated
        self._bare: Any = get_args(self.type)[0] if annotated else self.type
        meta: Any = get_args(self.type)[1] if annotated else Meta()
        checked = isinstance(self._bare, type) and issubclass(self._bare, CheckedValue)
        self.description: str = self._bare.description if checked else meta.description
        """Completes "expected ..."."""
        self._respell = self._bare.respell if checked else (meta.extra or {}).get("respell", str)

    def fits(self, value: Any) -> bool:
        try:
            msgspec.convert(value, self.type, dec_hook=_read)
        except msgspec.ValidationError:
            return False
        return True

    def correct(self, value: Any) -> tuple[Any, Sequence[PropertyNote]] | None:
        """The value that was meant, and what was forgiven in the one that came; None if nobody can know."""
        if not isinstance(value, str):
            return None
        forgiven = []
        meant: Any = value.strip()
        if meant != value:
            forgiven.append(NoteReason.SURROUNDING_BLANKS)
        if self._bare is float:
            if not _NUMBER.match(meant):
                return None
            number = float(meant)
            meant = int(number) if number.is_integer() else number
            forgiven.append(NoteReason.DIGITS_IN_QUOTES)
        elif (respelled := self._respell(meant)) != meant:
            meant = respelled
            forgiven.append(NoteReason.LETTER_CASE)
        if not forgiven or not self.fits(meant):
            return None
        detail = f"{_shown(value)} was taken as {_shown(meant)}"
        return meant, [PropertyNote(self.name, reason, detail) for reason in forgiven]

    def error(self, value: Any) -> PropertyError:
        if value is None:
            return PropertyError(self.name, ValueReason.MISSING, f"expected {self.description}")
        if self._bare is float and isinstance(value, int | float) and not isinstance(value, bool):
            reason = ValueReason.OUT_OF_RANGE
        elif self._bare in (bool, float) or isinstance(value, list) != (get_origin(self._bare) is tuple):
            reason = ValueReason.WRONG_TYPE
        else:
            reason = ValueReason.BAD_VALUE if isinstance(value, str | list) else ValueReason.WRONG_TYPE
        return PropertyError(self.name, reason, f"expected {self.description}, not {_shown(value)}")


class EventCheck:
    """Checks one standard event. `always` is False if an event without properties needs no check."""

    def __init__(self, event: type[StandardEvent]) -> None:
        self.event = event
        self.properties = tuple(map(Property, fields(event)))
        self.always = any(each.required for each in self.properties)
        self._may_contradict = "contradictions" in vars(event)

    def check(self, properties: Mapping[str, Any], *, at: datetime | None = None) -> CheckedProperties | None:
        """None if all values are right as they are. `at` is the event's time, where a value has to do with that."""
        try:
            msgspec.convert(properties, self.event, dec_hook=_read)
        except msgspec.ValidationError:
            return self._check_each(properties, at)
        if self._may_contradict and (errors := self._contradictions(properties, at)):
            return CheckedProperties(dict(properties), errors=errors)
        return None

    def _contradictions(self, properties: Mapping[str, Any], at: datetime | None) -> tuple[PropertyError, ...]:
        found = self.event.contradictions(properties, at=at)
        return tuple(PropertyError(field, ValueReason.BAD_VALUE, detail) for field, detail in found)

    def _check_each(self, properties: Mapping[str, Any], at: datetime | None) -> CheckedProperties:
        corrected = dict(properties)
        notes: list[PropertyNote] = []
        errors: list[PropertyError] = []
        for each in self.properties:
            value = properties.get(each.name)
            if each.fits(value) or (value is None and not each.required):
                continue
            if correction := each.correct(value):
                corrected[each.name] = correction[0]
                notes += correction[1]
            else:
                errors.append(each.error(value))
        if self._may_contradict and not errors:
            errors += self._contradictions(corrected, at)
        return CheckedProperties(corrected, tuple(notes), tuple(errors))


def _read(kind: type, value: Any) -> Any:
    """How msgspec reads the types that it does not know."""
    assert issubclass(kind, CheckedValue)
    return kind.read(value)


def _shown(value: Any) -> str:
    """As JSON, or only how much it is. Nothing is cut: who looks for an id would not find the half of it."""
    text = msgspec.json.encode(value).decode()
    if len(text) <= _SHOWN_CHARS or (isinstance(value, str) and len(value) <= _WHOLE_CHARS):
        return text
    size = _SIZES.get(type(value))
    return f"{text[:_SHOWN_CHARS]}..." if size is None else size.format(len(value))
