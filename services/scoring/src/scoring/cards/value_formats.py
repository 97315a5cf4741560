"""Values in a format of their own: alternatives, and the comparison of a derived flag."""

import re
from typing import Any, ClassVar, Literal, cast

from msgspec import Struct

from common.documents.findings import Findings
from common.documents.mapping_rules import MappingRule
from common.documents.value_rules import NAME, Duration, JsonSchema, Number, OneOrListOf, PatternText, describe
from common.documents.yaml import YamlValue
from scoring.health.card import When

# Products name their events as they like ("Report Created"); the catalogue's are object.verbed.
EVENT = r"^\S(.{0,198}\S)?$"


class NumberOrWord(Struct, frozen=True):
    """A number above zero, or a word."""

    word: str

    _NUMBER: ClassVar[Number] = Number(above=0)

    def read(self, value: YamlValue, found: Findings) -> float | str:
        if value.content == self.word:
            return self.word
        if isinstance(value.content, str):
            raise found.problem(value.where, f"must be a number or {self.word}, not {describe(value)}")
        return self._NUMBER.read(value, found)

    def schema(self) -> JsonSchema:
        return {"anyOf": [self._NUMBER.schema(), {"const": self.word}]}


class MetricOrEvents(Struct, frozen=True):
    """The name of a metric as it is, or the names of events as a tuple."""

    _EVENTS: ClassVar[OneOrListOf] = OneOrListOf(PatternText(EVENT, "a metric or the name of an event"))

    def read(self, value: YamlValue, found: Findings) -> str | tuple[str, ...]:
        if isinstance(value.content, str) and re.match(NAME, value.content):
            return value.content
        return self._EVENTS.read(value, found)

    def schema(self) -> JsonSchema:
        return self._EVENTS.schema()


class PropertyOrWord(Struct, frozen=True):
    """A property without a slash in its name, or a word that may have one."""

    word: str

    def read(self, value: YamlValue, found: Findings) -> str:
        text = value.content
        if not isinstance(text, str) or not re.match(self._pattern(), text) or not text.isprintable():
            raise found.problem(value.where, f"must be a property or {self.word}, not {describe(value)}")
        return text

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": self._pattern()}

    def _pattern(self) -> str:
        return rf"^({self.word}|[^\s/]([^/]{{0,198}}[^\s/])?)$"


class DurationOrMapping(Struct, frozen=True):
    """What a mapping has, or the value of its key `alone`, a duration, without the mapping."""

    alone: str
    mapping: MappingRule

    _DURATION: ClassVar[Duration] = Duration()

    def read(self, value: YamlValue, found: Findings) -> dict[str, Any]:
        if isinstance(value.content, dict):
            return self.mapping.read(value, found)
        return {self.alone: self._DURATION.read(value, found)}

    def schema(self) -> JsonSchema:
        return {"anyOf": [self._DURATION.schema(), self.mapping.schema()]}


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
