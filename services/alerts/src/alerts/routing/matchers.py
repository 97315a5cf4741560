"""Matchers: Alertmanager's `tier="high"`, `severity=~"critical|warning"`, `stage!="onboarding"`, `account!~"test-.*"`.

Regular expressions match the whole value. A label without a value is the empty string, which `owner=""` matches. Unlike
in Alertmanager, `owner` compares without case: it is an e-mail address.
"""

import re
import warnings
from collections.abc import Mapping
from enum import StrEnum
from functools import lru_cache

from msgspec import Struct

from alerts.routing.labels import NAMES
from alerts.routing.people import known_as
from common.contracts.signals import Band, Kind, Severity
from common.documents.findings import did_you_mean

MAX_CHARACTERS = 500

_MATCHER = re.compile(r"\s*([A-Za-z_][A-Za-z0-9_]*)\s*(=~|!~|!=|=)\s*(.*?)\s*", re.DOTALL)
_BARE = re.compile(r"[^\s,{}\"'`=!~\\]+")
_QUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_ESCAPE = re.compile(r'\\([\\"n])')

# The values of a label, where they are a closed set.
_VALUES: dict[str, tuple[str, ...]] = {
    "kind": tuple(Kind),
    "severity": tuple(Severity),
    "band": tuple(Band),
    "stage": ("onboarding", "adoption", "renewal", "expansion"),
}


class BadMatcher(Exception):
    """This text is no matcher; the message says what to write."""


class Operator(StrEnum):
    IS = "="
    IS_NOT = "!="
    MATCHES = "=~"
    MATCHES_NOT = "!~"

    @property
    def by_pattern(self) -> bool:
        return self in (Operator.MATCHES, Operator.MATCHES_NOT)

    @property
    def negates(self) -> bool:
        return self in (Operator.IS_NOT, Operator.MATCHES_NOT)


class Matcher(Struct, frozen=True):
    """`value` is a pattern where `op` says so. As text it is what may stand in a file."""

    name: str
    op: Operator
    value: str

    def matches(self, labels: Mapping[str, str]) -> bool:
        return self._fits(labels.get(self.name, "")) is not self.op.negates

    def never_matches(self) -> str | None:
        """Why no signal matches, if the label has a closed set of values and this is none of them."""
        known = _VALUES.get(self.name, ())
        if not known or any(self._fits(value) for value in known):
            return None
        near = did_you_mean(self.value, known) or f", known: {', '.join(known)}"
        return f"no signal has a {self.name} that is '{self.value}'{near}"

    def _fits(self, value: str) -> bool:
        if self.name == "owner":
            if self.op.by_pattern:
                return _compiled(self.value, re.IGNORECASE).fullmatch(value.strip()) is not None
            return known_as(value) == known_as(self.value)
        if self.op.by_pattern:
            return _compiled(self.value).fullmatch(value) is not None
        return value == self.value

    def __str__(self) -> str:
        escaped = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.op}"{escaped}"'


def parse_matcher(text: str) -> Matcher:
    """Raises `BadMatcher`."""
    if len(text) > MAX_CHARACTERS:
        raise BadMatcher(f"has more than {MAX_CHARACTERS} characters")
    if not text.strip().isprintable():
        raise BadMatcher("has characters that cannot be seen; a line feed is written \\n")
    match = _MATCHER.fullmatch(text)
    if match is None:
        raise BadMatcher(f"must be like tier=\"high\" (or != =~ !~), not '{text}'")
    name, op = match[1], Operator(match[2])
    if name not in NAMES:
        raise BadMatcher(f"unknown label '{name}'{did_you_mean(name, NAMES) or ', known: ' + ', '.join(NAMES)}")
    value = _value(match[3], f"{name}{op}")
    if op.by_pattern:
        _check_pattern(value)
    return Matcher(name, op, value)


def _value(text: str, before: str) -> str:
    if quoted := _QUOTED.fullmatch(text):
        return _ESCAPE.sub(lambda found: "\n" if found[1] == "n" else found[1], quoted[1])
    if _BARE.fullmatch(text):
        return text
    if not text:
        raise BadMatcher(f'has no value: write {before}"" for the empty one')
    raise BadMatcher(f'put the value in double quotes, one matcher a line: {before}"..."')


def _check_pattern(pattern: str) -> None:
    # Escaped characters and classes are plain characters for the checks below.
    bare = re.sub(r"\[\^?\]?[^\]]*\]", "_", re.sub(r"\\.", "_", pattern))
    if re.search(r"\(\?[^:i]", bare) or re.search(r"\\[1-9]", pattern):
        raise BadMatcher("of groups only (...), (?:...) and (?i) are known here, and no back-references")
    if re.search(r"\)[*+{]", bare):
        raise BadMatcher("a group that is repeated is not known here: a hostile value could keep it busy for ever")
    try:
        _compiled(pattern)
    except (re.error, Warning, OverflowError, RecursionError) as error:
        raise BadMatcher(f"not a regular expression: {error}") from None


@lru_cache(maxsize=4096)
def _compiled(pattern: str, flags: re.RegexFlag = re.ASCII) -> re.Pattern[str]:
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # a FutureWarning: a later Python would read the pattern in another way
        return re.compile(pattern, flags)
