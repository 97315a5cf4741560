"""The format of routes.yml, key by key.

The loader reads by it, and the JSON Schema for editors is printed from it. What a channel's addresses look like is in
the channel's own `grammar.py`.
"""

from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, TypeVar

from pydantic import Field, create_model

from alerts.channels.registry import Channel
from alerts.languages.registry import DEFAULT, LANGUAGES
from alerts.routing.channel_grammar import ChannelKey, grammar_of
from alerts.routing.values import Email, IsoDay, MatcherText, TimeZone
from common.documents.model import DocumentModel
from common.documents.value_types import NAME, Days, DaysOrAtOnce, DistinctList, Entry, Given, choice, given, text

T = TypeVar("T")

_ONE_BY_ONE = "is not known here: one account, one message at a time, at once"
_GROUPING = {name: f"'{name}' {_ONE_BY_ONE}" for name in ("group_by", "group_wait", "group_interval")}
_OLD = {name: f"'{name}' is not known here: write matchers: ['tier=\"high\"']" for name in ("match", "match_re")}

_Name = Annotated[str, text(r"^[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}$", "a name such as cs-desk")]
_Outcome = Annotated[str, text(NAME, "an outcome of the scorecard such as churned")]
_Link = Annotated[
    str,
    text(
        r'^https?://[^\s<>"{}]+(\{account_id\}[^\s<>"{}]*)+$',
        "an http(s) address with {account_id} and nothing else in braces",
    ),
]
_Page = Annotated[str, text(r'^https?://[^\s<>"{}]+$', "an http(s) address")]
_Entries = Annotated[tuple[Entry[T], ...], Field(min_length=1, max_length=200)]


class RouteEntry(DocumentModel):
    refused: ClassVar[Mapping[str, str]] = _GROUPING | _OLD

    matchers: DistinctList[MatcherText] = Field(
        (), description="All of them have to fit; a route without any takes every signal."
    )
    continues: bool = Field(False, alias="continue", description="Let the routes after this one see the signal, too.")
    receiver: Given[_Name] = Field(
        None, description="Who is told, if no route below matches (default: the one of the route above)."
    )
    repeat_interval: Given[Days] = Field(
        None, description="For so long the same thing is not told again (default: the one of the route above)."
    )
    resolve_after: Given[DaysOrAtOnce] = Field(
        None, description="So long a recovery has to last before it is told (default: the one of the route above)."
    )
    routes: _Entries["RouteEntry"] = Field(
        (), description="Looked at in this order: the first that matches takes the signal."
    )


class RootEntry(DocumentModel):
    """Where signals go: a tree, walked as Alertmanager walks its own."""

    refused: ClassVar[Mapping[str, str]] = {
        **_GROUPING,
        **_OLD,
        "matchers": "the first route takes every signal: put matchers on the routes under it",
        "continue": "the first route has none beside it that could see the signal, too",
    }

    receiver: _Name = Field(description="Who is told, if no route below matches.")
    repeat_interval: Days = Field(7.0, description="For so long the same thing is not told again (default 7d).")
    resolve_after: DaysOrAtOnce = Field(
        1.0,
        description="So long a recovery has to last before it is told (default 1d), at most an hour where the "
        "customer's own act cleared the flag that brought the trouble.",
    )
    routes: _Entries[RouteEntry] = Field(
        (), description="Looked at in this order: the first that matches takes the signal."
    )


class AddresseeEntry(DocumentModel):
    name: str
    language: Annotated[str, choice(*LANGUAGES)] = Field(DEFAULT, description=f"Of the messages (default {DEFAULT}).")
    time_zone: TimeZone = Field(
        "UTC", description="In which days and hours are told, such as Europe/Berlin (default UTC)."
    )

    def under(self, channel: Channel) -> Any | None:
        """What stands under the channel's key; None if the file has no such key."""
        return getattr(self, channel.value)


A = TypeVar("A", bound=AddresseeEntry)


def _with_channels(kind: str) -> Callable[[type[A]], type[A]]:
    """Adds a key for each channel, by the channel's own grammar."""
    keys: dict[str, ChannelKey] = {channel.value: getattr(grammar_of(channel), kind) for channel in Channel}
    fields: dict[str, Any] = {name: (given(key.type), Field(None, description=key.about)) for name, key in keys.items()}
    return lambda model: create_model(model.__name__, __base__=model, __doc__=model.__doc__, **fields)


@_with_channels("receiver")
class ReceiverEntry(AddresseeEntry):
    """Slack and e-mail beside each other are two messages. A receiver with nothing is told nothing."""

    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {"owner": ("else",), "else": ("owner",), "notify": ("owner",)}

    name: _Name = Field(description="As routes call it.")
    owner: bool = Field(False, description="The account's owner, reached as `people` says.")
    notify: DistinctList[Annotated[Channel, choice(*Channel)]] = Field(
        (), description="Over these of their ways only, where they have one of them (default: over all)."
    )
    otherwise: Given[_Name] = Field(
        None, alias="else", description="The receiver that is told if the owner is not known or cannot be reached."
    )


class AbsenceEntry(DocumentModel):
    first: IsoDay = Field(alias="from", description="The first day.")
    last: IsoDay = Field(alias="to", description="The last day, included.")


@_with_channels("person")
class PersonEntry(AddresseeEntry):
    name: Annotated[str, text(r"^\S(.{0,98}\S)?$", "a name")] = Field(description="As colleagues call them.")
    notify: DistinctList[Annotated[Channel, choice(*Channel)]] = Field(
        tuple(Channel), description=f"Tried in this order (default: {', then '.join(Channel)})."
    )
    back_up: Given[Email] = Field(
        None, description="Who is told if this person cannot be, or is away: the address of another one."
    )
    away: _Entries[AbsenceEntry] = Field((), description="Absences: the back-up is told instead.")


class LinksEntry(DocumentModel):
    account_url: Given[_Link] = Field(None, description="The account's page in your own tools, with {account_id}.")
    accounts_url: Given[_Page] = Field(None, description="The list of accounts in your own tools.")


class FirstLookEntry(DocumentModel):
    """What stands in accounts after an import is told in one message per person."""

    gather: Days = Field(
        30 / 1440, description="A person is told once no first look has come for so long (default 30m)."
    )


class RoutesFile(DocumentModel):
    """Who hears of what, and how."""

    route: RootEntry = Field(description="Where signals go.")
    receivers: Annotated[tuple[Entry[ReceiverEntry], ...], Field(min_length=1, max_length=1000)] = Field(
        description="Who can be told."
    )
    people: Annotated[dict[Entry[Email], Entry[PersonEntry]], Field(min_length=1, max_length=1000)] = Field(
        {}, description="Owners of accounts, by the e-mail in their accounts."
    )
    quote_customer: bool = Field(
        True, description="Whether messages quote what customers said: reasons, comments, amounts (default true)."
    )
    name_contacts: bool = Field(
        True, description="Whether messages name the customer's people to call, with their e-mail (default true)."
    )
    links: LinksEntry = Field(LinksEntry.model_validate({}), description="Where messages point.")
    final_outcomes: DistinctList[_Outcome] = Field(
        (), description="Outcomes that end a relationship: nothing more is told of the account until its next outcome."
    )
    first_look: FirstLookEntry = Field(
        FirstLookEntry.model_validate({}), description="How what stands after an import is told."
    )
