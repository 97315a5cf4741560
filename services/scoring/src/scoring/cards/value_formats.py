"""Values in a format of their own: alternatives, and the comparison of a derived flag."""

import re
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, Field, PlainValidator

from common.documents.error_texts import expected
from common.documents.value_types import NAME, DistinctList, by_shape, text
from scoring.health.card import When

# Products name their events as they like ("Report Created"); the catalogue's are object.verbed.
EVENT = r"^\S(.{0,198}\S)?$"
_COMPARISON = r"^([a-z][a-z0-9_]{0,63}) *(>=|<=|>|<) *(-?[0-9]{1,9}(\.[0-9]{1,9})?)$"


def _events(what: str, one: Any) -> Any:
    event = Annotated[str, text(EVENT, what)]
    return by_shape(tuple, DistinctList[event], Annotated[event, AfterValidator(one)])


Events = Annotated[tuple[str, ...], _events("the name of an event, such as report.created", lambda event: (event,))]
"""One name, or a list."""

MetricOrEvents = Annotated[
    str | tuple[str, ...],
    _events("a metric or the name of an event", lambda word: word if re.match(NAME, word) else (word,)),
]
"""The name of a metric as it is, or the names of events as a tuple."""


def number_or_word(word: str) -> Any:
    """A number above zero, or a word."""
    number = Annotated[float, Field(gt=0, le=1e12)]
    return Annotated[float | str, by_shape(str, Annotated[str, text(f"^{word}$", f"a number or {word}")], number)]


def property_or_word(word: str) -> Any:
    """A property without a slash in its name, or a word that may have one."""
    return Annotated[str, text(rf"^({word}|[^\s/]([^/]{{0,198}}[^\s/])?)$", f"a property or {word}")]


def _comparison(value: object) -> When:
    match = re.match(_COMPARISON, value) if isinstance(value, str) else None
    if match is None:
        raise expected('like "silence >= 3"')
    metric, op, number = match.group(1, 2, 3)
    return When(metric=metric, op=cast(Literal[">=", ">", "<=", "<"], op), value=float(number))


Comparison = Annotated[
    When, PlainValidator(_comparison, json_schema_input_type=Annotated[str, Field(pattern=_COMPARISON)])
]
"""`silence >= 3`: a metric, a comparison, a number."""
