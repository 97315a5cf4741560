"""Types of values in YAML files that pydantic does not have, for the fields of a `DocumentModel`."""

import re
from collections.abc import Sequence
from typing import Annotated, Any, Literal, TypeVar, get_args

from pydantic import (
    AfterValidator,
    Field,
    GetCoreSchemaHandler,
    PlainValidator,
    TypeAdapter,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WrapValidator,
)
from pydantic_core import CoreSchema, PydanticCustomError, PydanticOmit

from common.documents.error_texts import expected, invalid, wrong

T = TypeVar("T")

NAME = r"^[a-z][a-z0-9_]{0,63}$"
_DURATION = r"^(?!0+(\.0+)?[smhdw])[0-9]{1,8}(\.[0-9]{1,6})?[smhdw]$"
_DAYS = {"s": 1 / 86400, "m": 1 / 1440, "h": 1 / 24, "d": 1.0, "w": 7.0}
_MAX_DAYS = 36_525.0

# The validation context in which each `Entry` that is wrong is left out.
WITHOUT_WRONG_ENTRIES = "without wrong entries"


def text(pattern: str, what: str) -> PlainValidator:
    """Printable text that matches a pattern; `what` describes such a text in error messages."""

    def check(value: object) -> str:
        # `$` also matches before a trailing line feed, which is not printable.
        if isinstance(value, str) and re.match(pattern, value) and value.isprintable():
            return value
        raise expected(what)

    return PlainValidator(check, json_schema_input_type=Annotated[str, Field(pattern=pattern)])


def choice(*options: str | int) -> PlainValidator:
    """One of a few words or numbers; of a StrEnum if its members are the options."""

    def check(value: object) -> str | int:
        # `true` and `1.0` equal 1 in Python.
        if isinstance(value, str | int) and not isinstance(value, bool) and value in options:
            return options[options.index(value)]
        raise PydanticCustomError("literal_error", "not among the options")

    return PlainValidator(check, json_schema_input_type=Literal[options])


def by_shape(shape: type, of_shape: Any, other: Any) -> PlainValidator:
    """One type for values of a shape (a dict, a tuple), another for everything else."""
    for_shape, for_others = TypeAdapter(of_shape), TypeAdapter(other)

    def check(value: object) -> Any:
        # Strict by word, for an adapter has no model whose configuration says so.
        return (for_shape if isinstance(value, shape) else for_others).validate_python(value, strict=True)

    return PlainValidator(check, json_schema_input_type=other | of_shape)


def _days(value: object, *, more: str = "") -> float:
    if not isinstance(value, str) or not re.match(_DURATION, value):
        raise expected(f"a duration above zero such as 20s, 90m, 12h, 14d, 2w{more}")
    days = float(value[:-1]) * _DAYS[value[-1]]
    # A little less than a second, for 1 / 86400 is rounded.
    if not _DAYS["s"] * 0.999 <= days <= _MAX_DAYS:
        raise ValueError(f"must be from one second to a hundred years, not {value}")
    return days


def _days_or_never(value: object) -> float | None:
    return None if value == "never" else _days(value, more=" or never")


def _days_or_at_once(value: object) -> float:
    return 0.0 if value == "at once" else _days(value, more=" or at once")


def _distinct(values: Sequence[T]) -> Sequence[T]:
    # Compared as read: `1d` and `24h` are the same entry.
    twice = [(index, value) for index, value in enumerate(values) if value in values[:index]]
    if twice:
        raise invalid(*[wrong(f"'{value}' is in the list twice", value, index) for index, value in twice])
    return values


def _leave_out(value: object, handler: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
    try:
        return handler(value)
    except ValidationError:
        if info.context is WITHOUT_WRONG_ENTRIES:
            raise PydanticOmit from None
        raise


class _NotEmpty:
    """Takes None out of what a field accepts."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        (given, _none) = get_args(source)
        return handler(given)


Entry = Annotated[T, WrapValidator(_leave_out)]
"""A value (or a key) of a list or mapping, without which the others can be checked further."""

Given = Annotated[T | None, _NotEmpty()]
"""For a key that may be left out: None says that it is, and the file cannot say None."""


def given(of: Any) -> Any:
    """`Given` of a type that is made while the program runs."""
    return Annotated[of | None, _NotEmpty()]


_Duration = Annotated[str, Field(pattern=_DURATION)]
Days = Annotated[float, PlainValidator(_days, json_schema_input_type=_Duration)]
"""`20s`, `90m`, `12h`, `14d` or `2w`."""

DaysOrNever = Annotated[
    float | None, PlainValidator(_days_or_never, json_schema_input_type=_Duration | Literal["never"])
]
"""The word `never` is read as None."""

DaysOrAtOnce = Annotated[float, PlainValidator(_days_or_at_once, json_schema_input_type=_Duration | Literal["at once"])]
"""The words `at once` are read as 0."""

FormatVersion = Annotated[int, choice(1)]

DistinctList = Annotated[
    tuple[T, ...],
    Field(min_length=1, max_length=64, json_schema_extra={"uniqueItems": True}),
    AfterValidator(_distinct),
]
