"""Reads values of properties from CSV, where all are texts: numbers, true and false, texts. Pure."""

import re
from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cache
from math import isfinite
from typing import Annotated, Any, Final, get_args, get_origin

import msgspec

from common.catalogue.events import STANDARD_EVENTS
from ingest.importing.errors import BadCell, CellErrorReason

# No leading zeros: 00123 is an id or a postal code.
_NUMBER: Final = re.compile(r"-?(0|[1-9]\d{0,14})(\.\d{1,15})?([eE][+-]?\d{1,2})?\Z", re.ASCII)
_TRUE: Final = ("true", "yes", "1")
_FALSE: Final = ("false", "no", "0")
_BOOLEANS: Final = ("true", "false")


class ValueKind(StrEnum):
    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "true or false"
    JSON = "JSON"


def is_empty(cell: Any) -> bool:
    """Whether the cell says nothing. Data frames write NaN for that, and PostgreSQL and MySQL `\\N`."""
    return cell is None or (isinstance(cell, str) and cell.strip() in ("", "\\N")) or cell != cell


def kind_of(samples: Iterable[Any]) -> ValueKind:
    """The kind of values in a column of texts: numbers only if all are plain numbers."""
    texts = [text.strip() for text in samples if isinstance(text, str) and text.strip()]
    if texts and all(map(_NUMBER.match, texts)):
        return ValueKind.NUMBER
    if texts and all(text.lower() in _BOOLEANS for text in texts):
        return ValueKind.BOOLEAN
    return ValueKind.TEXT


@cache
def catalogue_kinds(event: str) -> Mapping[str, ValueKind]:
    """The kinds of the properties that the event catalogue knows for an event of this name."""
    standard = STANDARD_EVENTS.get(event)
    return {each.name: _kind(each.type) for each in standard.properties} if standard else {}


def _kind(annotation: Any) -> ValueKind:
    bare = get_args(annotation)[0] if get_origin(annotation) is Annotated else annotation
    if bare is float:
        return ValueKind.NUMBER
    if bare is bool:
        return ValueKind.BOOLEAN
    return ValueKind.JSON if get_origin(bare) is tuple else ValueKind.TEXT


def read_known(text: str, kind: ValueKind) -> Any:
    """A value of a property that the catalogue knows. Raises `BadCell`."""
    stripped = text.strip()
    match kind:
        case ValueKind.NUMBER:
            if (number := _number(stripped)) is None:
                raise BadCell(CellErrorReason.BAD_NUMBER, _no_number(stripped))
            return number
        case ValueKind.BOOLEAN:
            if stripped.lower() not in (*_TRUE, *_FALSE):
                raise BadCell(CellErrorReason.BAD_VALUE, f"expected true or false, not {stripped[:40]!r}")
            return stripped.lower() in _TRUE
        case ValueKind.JSON:
            return read_json(stripped)
        case ValueKind.TEXT:
            return text


def read_other(text: str, kind: ValueKind) -> Any:
    """A value of a property that the catalogue does not have: one that does not fit its column stays a text."""
    stripped = text.strip()
    if kind is ValueKind.NUMBER and (number := _number(stripped)) is not None:
        return number
    if kind is ValueKind.BOOLEAN and stripped.lower() in _BOOLEANS:
        return stripped.lower() == "true"
    return text


def read_json(text: str) -> Any:
    """Raises `BadCell`."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise BadCell(CellErrorReason.BAD_VALUE, f"expected JSON, not {text[:40]!r}: {error}") from error


def _number(text: str) -> int | float | None:
    if not _NUMBER.match(text):
        return None
    if text.lstrip("-").isdigit():
        return int(text)
    number = float(text)
    return number if isfinite(number) else None


def _no_number(text: str) -> str:
    shown = f"{text[:40]!r}"
    if "," in text:
        return f"{shown}: a comma may part decimals or thousands; write 1234.5"
    if re.search(r"\d", text):
        return f"{shown}: write the digits alone, such as 1234.5, without currency, unit or blanks"
    return f"expected a number such as 1234.5, not {shown}"
