"""Types of values in routes.yml and playbooks.yml that only alerts has."""

import re
from datetime import date
from functools import cache
from typing import Annotated
from zoneinfo import ZoneInfo, available_timezones

from pydantic import Field, PlainValidator

from alerts.routing.matchers import BadMatcher, Matcher, parse_matcher
from common.documents.error_texts import describe, expected
from common.documents.findings import Findings, did_you_mean
from common.documents.value_types import text
from common.documents.yaml import path_of

_ATOM = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+"
_LABEL = r"[A-Za-z0-9-]{1,63}"
_ZONE = r"^[A-Za-z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"

Email = Annotated[
    str,
    text(
        rf"^(?=.{{1,64}}@.{{1,253}}$){_ATOM}(\.{_ATOM})*@{_LABEL}(\.{_LABEL})*$",
        "an e-mail address such as dana@example.com",
    ),
]


def _matcher(value: object) -> Matcher:
    if not isinstance(value, str):
        raise expected("a matcher such as 'tier=\"high\"'")
    try:
        return parse_matcher(value)
    except BadMatcher as error:
        raise ValueError(str(error)) from None


MatcherText = Annotated[
    Matcher,
    PlainValidator(_matcher, json_schema_input_type=Annotated[str, Field(pattern=r"^\s*[a-z]+\s*(=~|!~|!=|=)")]),
]
"""A matcher, as Alertmanager writes it."""


def warn_of_doubtful(matchers: tuple[Matcher, ...], where: str, found: Findings) -> None:
    """Of those that match no signal; `where` is the mapping that has the matchers."""
    for index, matcher in enumerate(matchers):
        if doubt := matcher.never_matches():
            found.warning(path_of(where, "matchers", index), doubt)


def _time_zone(value: object) -> str:
    if not isinstance(value, str) or not re.match(_ZONE, value) or not value.isprintable():
        raise expected("a time zone such as Europe/Berlin")
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        near = did_you_mean(value, _zones())
        raise ValueError(f"there is no time zone {describe(value)}{near}") from None
    return value


@cache
def _zones() -> tuple[str, ...]:
    return tuple(sorted(available_timezones()))


TimeZone = Annotated[str, PlainValidator(_time_zone, json_schema_input_type=Annotated[str, Field(pattern=_ZONE)])]
"""A name of the IANA time zone database."""


def _day(value: object) -> date:
    try:
        if isinstance(value, str) and re.match(_DAY, value):
            return date.fromisoformat(value)
    except ValueError:
        pass
    raise expected("a day such as 2026-08-24")


IsoDay = Annotated[date, PlainValidator(_day, json_schema_input_type=Annotated[str, Field(pattern=_DAY)])]
"""2026-08-24."""
