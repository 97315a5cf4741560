"""Values with a small language of their own."""

import re
from typing import ClassVar, Literal, cast

from msgspec import Struct

from common.documents.findings import Findings
from common.documents.value_rules import NAME, JsonSchema, Number, OneOrListOf, PatternText, describe
from common.documents.yaml import YamlValue
from scoring.health.card import When

# Product events come with whatever names the product gave them ("Report Created"), ours are object.verbed.
EVENT = r"^\S(.{0,198}\S)?$"


class Of(Struct, frozen=True):
    """A number, or `seats`."""

    _NUMBER: ClassVar[Number] = Number(above=0)

    def read(self, value: YamlValue, found: Findings) -> float | Literal["seats"]:
        if value.content == "seats":
            return "seats"
        if isinstance(value.content, str):
            raise found.problem(value.where, f"must be a number or seats, not {describe(value)}")
        return self._NUMBER.read(value, found)

    def schema(self) -> JsonSchema:
        return {"anyOf": [self._NUMBER.schema(), {"const": "seats"}]}


class Denominator(Struct, frozen=True):
    """The name of a metric as it is, or the names of events as a tuple."""

    _EVENTS: ClassVar[OneOrListOf] = OneOrListOf(PatternText(EVENT, "a metric or the name of an event"))
    ABOUT: ClassVar[str] = (
        "What is below the line: one word of a-z, 0-9 and _ names a metric (rate or distinct, of the same "
        "half_life); anything else, or a list, names events."
    )

    def read(self, value: YamlValue, found: Findings) -> str | tuple[str, ...]:
        if isinstance(value.content, str) and re.match(NAME, value.content):
            return value.content
        return self._EVENTS.read(value, found)

    def schema(self) -> JsonSchema:
        return self._EVENTS.schema()


class Measured(Struct, frozen=True):
    """A property, or `arr/arr_peak_12m`: the only quotient that gauges know."""

    QUOTIENT: ClassVar[str] = "arr/arr_peak_12m"
    PATTERN: ClassVar[str] = rf"^({QUOTIENT}|[^\s/]([^/]{{0,198}}[^\s/])?)$"

    def read(self, value: YamlValue, found: Findings) -> str:
        text = value.content
        if not isinstance(text, str) or not re.match(self.PATTERN, text) or not text.isprintable():
            raise found.problem(value.where, f"must be a property or {self.QUOTIENT}, not {describe(value)}")
        return text

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": self.PATTERN}


class Comparison(Struct, frozen=True):
    """`silence >= 3`: a metric, a comparison, a number."""

    PATTERN: ClassVar[str] = r"^([a-z][a-z0-9_]{0,63}) *(>=|<=|>|<) *(-?[0-9]{1,9}(\.[0-9]{1,9})?)$"

    def read(self, value: YamlValue, found: Findings) -> When:
        match = re.match(self.PATTERN, value.content) if isinstance(value.content, str) else None
        if match is None:
            raise found.problem(value.where, f'must be like "silence >= 3", not {describe(value)}')
        metric, op, number = match.group(1, 2, 3)
        return When(metric=metric, op=cast(Literal[">=", ">", "<=", "<"], op), value=float(number))

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": self.PATTERN}
