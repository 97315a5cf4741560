"""The format of routes.yml, key by key.

The loader reads by it, and the JSON Schema for editors is printed from it. What a channel's addresses look like is in
the channel's own `grammar.py`.
"""

from typing import Any

from msgspec import Struct

from alerts.channels.registry import Channel
from alerts.languages.registry import LANGUAGES
from alerts.routing.channel_grammar import grammar_of
from alerts.routing.values import EMAIL, IsoDay, MatcherShape, TimeZone
from common.documents.findings import Findings
from common.documents.mapping_rules import KeyRule, ListEntry, MappingListRule, MappingRule
from common.documents.value_rules import NAME, Boolean, Choice, Duration, JsonSchema, ListOf, NamedValues, PatternText
from common.documents.yaml import YamlValue

MOST = 1000

_NAME = PatternText(r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$", "a name such as cs-desk")
_OUTCOME = PatternText(NAME, "an outcome of the scorecard such as churned")
_RECIPIENT = {
    "language": KeyRule(Choice(LANGUAGES), "Of the messages (default en)."),
    "time_zone": KeyRule(TimeZone(), "In which days and hours are told, such as Europe/Berlin (default UTC)."),
}
_ONE_BY_ONE = "is not known here: one account, one message at a time, at once"
_GROUPING = {name: f"'{name}' {_ONE_BY_ONE}" for name in ("group_by", "group_wait", "group_interval")}
_OLD = {name: f"'{name}' is not known here: write matchers: ['tier=\"high\"']" for name in ("match", "match_re")}


class Children(Struct, frozen=True):
    """The routes under a route, each of the same shape again."""

    def read(self, value: YamlValue, found: Findings) -> tuple[ListEntry, ...]:
        return MappingListRule(ROUTE).read(value, found)

    def schema(self) -> JsonSchema:
        return {
            "type": "array",
            "items": {"$ref": "#/$defs/route"},
            "minItems": 1,
            "maxItems": MappingListRule(ROUTE).most,
        }


def _route_keys(*, root: bool) -> dict[str, KeyRule]:
    inherited = "" if root else " (default: the one of the route above)"
    return {
        "receiver": KeyRule(_NAME, f"Who is told, if no route below matches{inherited}.", required=root),
        "repeat_interval": KeyRule(
            Duration(),
            f"For so long the same thing is not told again{inherited or ' (default 7d)'}.",
        ),
        "routes": KeyRule(Children(), "Looked at in this order: the first that matches takes the signal."),
    }


ROUTE = MappingRule(
    {
        "matchers": KeyRule(ListOf(MatcherShape()), "All of them have to fit; a route without any takes every signal."),
        "continue": KeyRule(Boolean(), "Let the routes after this one see the signal, too."),
        **_route_keys(root=False),
    },
    refused=_GROUPING | _OLD,
)

ROOT = MappingRule(
    _route_keys(root=True),
    about="Where signals go: a tree, walked as Alertmanager walks its own.",
    refused=_GROUPING
    | _OLD
    | {
        "matchers": "the first route takes every signal: put matchers on the routes under it",
        "continue": "the first route has none beside it that could see the signal, too",
    },
)

RECEIVER = MappingRule(
    {
        "name": KeyRule(_NAME, "As routes call it.", required=True),
        **{channel.value: grammar_of(channel).receiver for channel in Channel},
        "owner": KeyRule(Boolean(), "The account's owner, reached as `people` says."),
        "else": KeyRule(_NAME, "The receiver that is told if the owner is not known or cannot be reached."),
        **_RECIPIENT,
    },
    about="Slack and e-mail beside each other are two messages. A receiver with nothing is told nothing.",
    needs={"owner": ("else",), "else": ("owner",)},
)

PERSON = MappingRule(
    {
        "name": KeyRule(PatternText(r"^\S(.{0,98}\S)?$", "a name"), "As colleagues call them.", required=True),
        **{channel.value: grammar_of(channel).person for channel in Channel},
        "notify": KeyRule(
            ListOf(Choice(tuple(channel.value for channel in Channel))),
            f"Tried in this order (default: {', then '.join(Channel)}).",
        ),
        **_RECIPIENT,
        "back_up": KeyRule(EMAIL, "Who is told if this person cannot be, or is away: the address of another one."),
        "away": KeyRule(
            MappingListRule(
                MappingRule(
                    {
                        "from": KeyRule(IsoDay(), "The first day.", required=True),
                        "to": KeyRule(IsoDay(), "The last day, included.", required=True),
                    }
                )
            ),
            "Absences: the back-up is told instead.",
        ),
    },
)

LINK = PatternText(
    r'^https?://[^\s<>"{}]+(\{account_id\}[^\s<>"{}]*)+$',
    "an http(s) address with {account_id} and nothing else in braces",
)

ROUTES = MappingRule(
    {
        "route": KeyRule(ROOT, "Where signals go.", required=True),
        "receivers": KeyRule(MappingListRule(RECEIVER, most=MOST), "Who can be told.", required=True),
        "people": KeyRule(
            NamedValues(PERSON, name=EMAIL, most=MOST), "Owners of accounts, by the e-mail in their accounts."
        ),
        "links": KeyRule(
            MappingRule({"account_url": KeyRule(LINK, "The account's page in your own tools, with {account_id}.")}),
            "Where messages point.",
        ),
        "final_outcomes": KeyRule(
            ListOf(_OUTCOME),
            "Outcomes that end a relationship: nothing more is told of the account until its next outcome.",
        ),
    },
    about="Who hears of what, and how.",
)


def json_schema() -> dict[str, Any]:
    """For editors (draft 2020-12); what it refuses, the loader refuses, too."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Routes",
        **ROUTES.schema(),
        "$defs": {"route": ROUTE.schema()},
    }
