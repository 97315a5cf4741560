"""Values in a format of their own: alternatives, and the comparisons of flags."""

import re
from typing import Annotated, Any, Literal, cast

from pydantic import AfterValidator, Field, PlainValidator

from common.catalogue.names import NAME_CHARS
from common.documents.error_texts import expected
from common.documents.value_types import NAME, DistinctList, by_shape, text
from scoring.health.card import When, Where

PROPERTY = r"^\S(.{0,198}\S)?$"
# What ingest takes, in the dialect of JSON Schema. A card that names another event would wait for it for ever.
_EVENT_NAME = r"[a-z0-9_]+(\.[a-z0-9_]+)+"
EVENT = rf"^(?=.{{3,{NAME_CHARS}}}$){_EVENT_NAME}$"
_METRIC_OR_EVENT = rf"^([a-z][a-z0-9_]{{0,63}}|(?=.{{3,{NAME_CHARS}}}$){_EVENT_NAME})$"
_THAN = r" *(>=|<=|>|<) *(-?[0-9]{1,9}(\.[0-9]{1,9})?)$"
_COMPARISON = rf"^([a-z][a-z0-9_]{{0,63}}){_THAN}"
_CONDITION = rf"^([A-Za-z_][A-Za-z0-9_]{{0,63}}){_THAN}"


_Event = Annotated[str, text(EVENT, "the name of an event: object.verbed in a-z, 0-9 and _, such as report.created")]
_MetricOrEvent = Annotated[str, text(_METRIC_OR_EVENT, "a metric, or the name of an event such as report.created")]

Events = Annotated[
    tuple[str, ...], by_shape(tuple, DistinctList[_Event], Annotated[_Event, AfterValidator(lambda event: (event,))])
]
"""One name, or a list."""

MetricOrEvents = Annotated[
    str | tuple[str, ...],
    by_shape(
        tuple,
        DistinctList[_Event],
        Annotated[_MetricOrEvent, AfterValidator(lambda word: word if re.match(NAME, word) else (word,))],
    ),
]
"""The name of a metric as it is, or the names of events as a tuple."""


def number_or_word(word: str) -> Any:
    """A number above zero, or a word."""
    number = Annotated[float, Field(gt=0, le=1e12)]
    return Annotated[float | str, by_shape(str, Annotated[str, text(f"^{word}$", f"a number or {word}")], number)]


def property_or_word(word: str) -> Any:
    """A property without a slash in its name, or a word that may have one."""
    return Annotated[str, text(rf"^({word}|[^\s/]([^/]{{0,198}}[^\s/])?)$", f"a property or {word}")]


def _compared(value: object, pattern: str, example: str) -> tuple[str, Literal[">=", ">", "<=", "<"], float]:
    match = re.match(pattern, value) if isinstance(value, str) else None
    if match is None:
        raise expected(f'like "{example}"')
    name, op, number = match.group(1, 2, 3)
    return name, cast(Literal[">=", ">", "<=", "<"], op), float(number)


def _comparison(value: object) -> When:
    return When(*_compared(value, _COMPARISON, "silence >= 3"))


def _condition(value: object) -> Where:
    return Where(*_compared(value, _CONDITION, "score <= 6"))


Comparison = Annotated[
    When, PlainValidator(_comparison, json_schema_input_type=Annotated[str, Field(pattern=_COMPARISON)])
]
"""`silence >= 3`: a metric, a comparison, a number."""

Condition = Annotated[
    Where, PlainValidator(_condition, json_schema_input_type=Annotated[str, Field(pattern=_CONDITION)])
]
"""`score <= 6`: a numeric property of an event, a comparison, a number."""
