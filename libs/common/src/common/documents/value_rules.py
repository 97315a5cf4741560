"""Validation rules for the values of a YAML file: numbers, texts, durations, lists, mappings.

A rule reads a value from the file and describes it as JSON Schema. So the editor and the loader apply the same rule.

`read` reports what is wrong with a value and then raises `InvalidValue`.
"""

import re
from collections.abc import Iterable
from typing import Any, ClassVar, Protocol, TypeVar

from msgspec import Struct

from common.documents.findings import Findings, InvalidValue, did_you_mean
from common.documents.yaml import YamlValue

JsonSchema = dict[str, Any]
T_co = TypeVar("T_co", covariant=True)

NAME = r"^[a-z][a-z0-9_]{0,63}$"


class ValueRule(Protocol[T_co]):
    def read(self, value: YamlValue, found: Findings) -> T_co: ...

    def schema(self) -> JsonSchema: ...


class Number(Struct, frozen=True, kw_only=True):
    """Finite, and between `least` and `most` (both included) or strictly over `above`."""

    least: float | None = None
    above: float | None = None
    most: float = 1e12

    def read(self, value: YamlValue, found: Findings) -> float:
        number = value.content
        # bool is a subclass of int in Python.
        if isinstance(number, bool) or not isinstance(number, int | float):
            raise found.problem(value.where, f"must be a number, not {describe(value)}")
        if self.least is not None and not self.least <= number <= self.most:
            raise found.problem(value.where, f"must be from {self.least:g} to {self.most:g}, not {number:g}")
        if self.above is not None and not self.above < number <= self.most:
            raise found.problem(value.where, f"must be more than {self.above:g}, not {number:g}")
        if abs(number) > self.most:
            raise found.problem(value.where, f"must be between -{self.most:g} and {self.most:g}")
        return float(number)

    def schema(self) -> JsonSchema:
        lower = {"minimum": -self.most if self.least is None else self.least}
        return {
            "type": "number",
            **(lower if self.above is None else {"exclusiveMinimum": self.above}),
            "maximum": self.most,
        }


class Boolean(Struct, frozen=True):
    """true or false."""

    def read(self, value: YamlValue, found: Findings) -> bool:
        if not isinstance(value.content, bool):
            raise found.problem(value.where, f"must be true or false, not {describe(value)}")
        return value.content

    def schema(self) -> JsonSchema:
        return {"type": "boolean"}


class Choice(Struct, frozen=True):
    """One of a few words or numbers."""

    options: tuple[str | int, ...]

    def read(self, value: YamlValue, found: Findings) -> str | int:
        given = value.content
        if isinstance(given, str | int) and not isinstance(given, bool) and given in self.options:
            return given
        near = did_you_mean(str(given), tuple(map(str, self.options)))
        among = ", ".join(map(str, self.options))
        raise found.problem(value.where, f"must be one of {among}, not {describe(value)}{near}")

    def schema(self) -> JsonSchema:
        return {"enum": list(self.options)}


class PatternText(Struct, frozen=True):
    """Text that matches a pattern; `what` describes such a text in error messages."""

    pattern: str
    what: str

    def read(self, value: YamlValue, found: Findings) -> str:
        text = value.content
        if not isinstance(text, str) or not self.matches(text):
            raise found.problem(value.where, f"must be {self.what}, not {describe(value)}")
        return text

    def matches(self, text: str) -> bool:
        # `$` also matches before a trailing line feed, which is not printable.
        return bool(re.match(self.pattern, text)) and text.isprintable()

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": self.pattern}


class Duration(Struct, frozen=True):
    """`20s`, `90m`, `12h`, `14d` or `2w`, read as days. With `never` the word `never` is allowed, read as None."""

    never: bool = False

    UNITS: ClassVar[dict[str, float]] = {"s": 1 / 86400, "m": 1 / 1440, "h": 1 / 24, "d": 1.0, "w": 7.0}
    PATTERN: ClassVar[str] = r"^(?!0+(\.0+)?[smhdw])[0-9]{1,8}(\.[0-9]{1,6})?[smhdw]$"
    MAX_DAYS: ClassVar[float] = 36_525.0

    def read(self, value: YamlValue, found: Findings) -> float | None:
        text = value.content
        if self.never and text == "never":
            return None
        if not isinstance(text, str) or not re.match(self.PATTERN, text):
            words = "such as 20s, 90m, 12h, 14d, 2w" + (" or never" if self.never else "")
            raise found.problem(value.where, f"must be a duration above zero {words}, not {describe(value)}")
        days = float(text[:-1]) * self.UNITS[text[-1]]
        # A little less than a second, for 1 / 86400 is rounded.
        if not self.UNITS["s"] * 0.999 <= days <= self.MAX_DAYS:
            raise found.problem(value.where, f"must be from one second to a hundred years, not {text}")
        return days

    def schema(self) -> JsonSchema:
        duration: JsonSchema = {"type": "string", "pattern": self.PATTERN}
        return {"anyOf": [duration, {"const": "never"}]} if self.never else duration


class OneOrListOf(Struct, frozen=True):
    """One value, or a list of distinct values, read as a tuple."""

    item: Any
    most: int = 64

    def read(self, value: YamlValue, found: Findings) -> tuple[Any, ...]:
        if not isinstance(value.content, tuple):
            return (self.item.read(value, found),)
        return read_list(value, found, item=self.item, least=1, most=self.most)

    def schema(self) -> JsonSchema:
        item = self.item.schema()
        many = {"type": "array", "items": item, "minItems": 1, "maxItems": self.most, "uniqueItems": True}
        return {"anyOf": [item, many]}


class ListOf(OneOrListOf, frozen=True):
    """A list of distinct values, read as a tuple."""

    def read(self, value: YamlValue, found: Findings) -> tuple[Any, ...]:
        return read_list(value, found, item=self.item, least=1, most=self.most)

    def schema(self) -> JsonSchema:
        many: JsonSchema = OneOrListOf.schema(self)["anyOf"][1]
        return many


class NamedValues(Struct, frozen=True):
    """A mapping whose keys the author chooses by the rule `name`, or (with `names`) takes from a closed set."""

    item: Any
    names: tuple[str, ...] = ()
    name: PatternText = PatternText(NAME, "a name of a-z, 0-9 and _, beginning with a letter")
    required: tuple[str, ...] = ()
    least: int = 1
    most: int = 64

    def read(self, value: YamlValue, found: Findings) -> dict[str, Any]:
        """The valid entries, so that they can be checked further. Raises if the value is not a mapping."""
        content = read_mapping(value, found)
        for name in self.required:
            if name not in content:
                found.problem(value.where, f"'{name}' is missing")
        if not self.least <= len(content) <= self.most:
            found.problem(value.where, f"must have from {self.least} to {self.most} entries, not {len(content)}")
        read = {}
        for name, item in content.items():
            try:
                self._check_name(name, item.where, found)
                read[name] = self.item.read(item, found)
            except InvalidValue:
                continue
        return read

    def _check_name(self, name: str, where: str, found: Findings) -> None:
        if self.names and name not in self.names:
            among = ", ".join(self.names)
            found.problem(where, f"unknown name '{name}'{did_you_mean(name, self.names) or ', known: ' + among}")
            raise InvalidValue
        if not self.names and not self.name.matches(name):
            found.problem(where, f"'{name}' must be {self.name.what}")
            raise InvalidValue

    def schema(self) -> JsonSchema:
        bounds: JsonSchema = {"type": "object", "minProperties": self.least, "maxProperties": self.most}
        if self.required:
            bounds["required"] = list(self.required)
        if self.names:
            item = self.item.schema()
            return bounds | {"properties": {name: item for name in self.names}, "additionalProperties": False}
        return bounds | {"propertyNames": {"pattern": self.name.pattern}, "additionalProperties": self.item.schema()}


def read_mapping(value: YamlValue, found: Findings) -> dict[str, YamlValue]:
    if not isinstance(value.content, dict):
        raise found.problem(value.where, f"must be a mapping (name: value), not {describe(value)}")
    return value.content


def read_list(value: YamlValue, found: Findings, *, item: ValueRule[Any], least: int, most: int) -> tuple[Any, ...]:
    if not isinstance(value.content, tuple) or not least <= len(value.content) <= most:
        raise found.problem(value.where, f"must be a list of {least} to {most} entries, not {describe(value)}")
    read = [item.read(each, found) for each in value.content]
    # Compared as read: `1d` and `24h` are the same entry.
    for index, each in enumerate(read):
        if each in read[:index]:
            raise found.problem(value.content[index].where, f"'{each}' is in the list twice")
    return tuple(read)


def describe(value: YamlValue) -> str:
    """The value in words, short enough for an error message."""
    content = value.content
    if isinstance(content, dict):
        return f"a mapping of {_count(content)}"
    if isinstance(content, tuple):
        return f"a list of {_count(content)}"
    if isinstance(content, str):
        return f"'{content if len(content) <= 40 else content[:37] + '...'}'"
    if isinstance(content, bool):
        return "true" if content else "false"
    return "nothing" if content is None else f"{content}"


def _count(content: Iterable[object]) -> str:
    count = len(tuple(content))
    return f"{count} entr{'y' if count == 1 else 'ies'}"
