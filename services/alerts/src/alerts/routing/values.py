"""Values of routes.yml with rules of their own."""

import re
from datetime import date
from functools import cache
from typing import Any, ClassVar
from zoneinfo import ZoneInfo, available_timezones

from msgspec import Struct

from alerts.routing.matchers import BadMatcher, Matcher, parse_matcher
from common.documents.findings import Findings, did_you_mean
from common.documents.value_rules import JsonSchema, PatternText, describe
from common.documents.yaml import YamlValue

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9-]{1,63}"
EMAIL = PatternText(
    rf"^(?=.{{1,64}}@.{{1,253}}$){_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*$",
    "an e-mail address such as dana@example.com",
)


class MatcherShape(Struct, frozen=True):
    """A matcher, as Alertmanager writes it."""

    def read(self, value: YamlValue, found: Findings) -> Matcher:
        if not isinstance(value.content, str):
            raise found.problem(value.where, f"must be a matcher such as 'tier=\"high\"', not {describe(value)}")
        try:
            matcher = parse_matcher(value.content)
        except BadMatcher as error:
            raise found.problem(value.where, str(error)) from None
        if doubt := matcher.never_matches():
            found.warning(value.where, doubt)
        return matcher

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": r"^\s*[a-z]+\s*(=~|!~|!=|=)"}


class Either(Struct, frozen=True):
    """One shape for a mapping, another for everything else."""

    mapping: Any
    other: Any

    def read(self, value: YamlValue, found: Findings) -> Any:
        return (self.mapping if isinstance(value.content, dict) else self.other).read(value, found)

    def schema(self) -> JsonSchema:
        return {"anyOf": [self.other.schema(), self.mapping.schema()]}


class TimeZone(Struct, frozen=True):
    """A name of the IANA time zone database."""

    PATTERN: ClassVar[str] = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"

    def read(self, value: YamlValue, found: Findings) -> str:
        name = value.content
        if not isinstance(name, str) or not re.match(self.PATTERN, name) or not name.isprintable():
            raise found.problem(value.where, f"must be a time zone such as Europe/Berlin, not {describe(value)}")
        try:
            ZoneInfo(name)
        except (KeyError, ValueError, OSError):
            near = did_you_mean(name, _zones())
            raise found.problem(value.where, f"there is no time zone {describe(value)}{near}") from None
        return name

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": self.PATTERN}


class IsoDay(Struct, frozen=True):
    """2026-08-24."""

    PATTERN: ClassVar[str] = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

    def read(self, value: YamlValue, found: Findings) -> date:
        text = value.content
        try:
            if isinstance(text, str) and re.match(self.PATTERN, text):
                return date.fromisoformat(text)
        except ValueError:
            pass
        raise found.problem(value.where, f"must be a day such as 2026-08-24, not {describe(value)}")

    def schema(self) -> JsonSchema:
        return {"type": "string", "pattern": self.PATTERN}


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))
