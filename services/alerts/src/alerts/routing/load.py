"""Reads routes.yml: the result is `Routes`, or everything that is wrong with the file."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from alerts.channels.registry import Channel
from alerts.routing.channel_grammar import Address, grammar_of
from alerts.routing.destination import Target
from alerts.routing.grammar import ROUTES
from alerts.routing.people import Absence, People, Person, known_as
from alerts.routing.references import RoutesDraft, check_references, declared
from alerts.routing.routes import Receiver, Routes
from alerts.routing.tree import Route
from common.documents.findings import Finding, Findings, InvalidDocument, InvalidValue
from common.documents.mapping_rules import ListEntry
from common.documents.yaml import parse

# For so long the same thing is not told again, where routes.yml says nothing.
REPEAT_DAYS = 7.0


class InvalidRoutes(InvalidDocument):
    """The routes cannot be used."""


class RoutesCheck(Struct, frozen=True):
    """`routes` are there exactly when there are no problems; warnings never stand in their way."""

    routes: Routes | None
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def check_routes(text: str) -> RoutesCheck:
    """All problems and warnings of a file; raises nothing."""
    found = Findings()
    routes = None
    try:
        root = parse(text, found, noun="a routes file")
        fields, _ = ROUTES.read_valid_keys(root, found)
        draft = RoutesDraft(
            route=fields.get("route", {}),
            receivers=fields.get("receivers", ()),
            people=fields.get("people", {}),
            named=declared(root, "receivers"),
            listed=declared(root, "people"),
        )
        check_references(draft, found)
        if not found.problems:
            link = fields.get("links", {}).get("account_url")
            routes = _routes(draft, link=link, final=fields.get("final_outcomes", ()))
    except InvalidValue:
        pass
    return RoutesCheck(routes, found.problems, found.warnings)


def load(text: str, source_name: str) -> Routes:
    """The routes in `text`. Raises `InvalidRoutes`; `source_name` is what its message calls the file."""
    checked = check_routes(text)
    if checked.routes is None:
        raise InvalidRoutes(source_name, checked.problems)
    return checked.routes


def _routes(draft: RoutesDraft, *, link: str | None, final: tuple[str, ...]) -> Routes:
    """Only of a draft without problems."""
    return Routes(
        root=_route(draft.route, receiver="", days=REPEAT_DAYS),
        receivers={fields["name"]: _receiver(fields) for _, fields in draft.receivers},
        people=People({known_as(email): _person(email, fields) for email, fields in draft.people.items()}),
        link=link,
        final_outcomes=frozenset(final),
    )


def _route(fields: Mapping[str, Any], *, receiver: str, days: float) -> Route:
    """With what it inherits: the receiver and the days of the route above."""
    receiver = fields.get("receiver", receiver)
    days = fields.get("repeat_interval", days)
    children: tuple[ListEntry, ...] = fields.get("routes", ())
    return Route(
        receiver=receiver,
        repeat_interval=round(days * 86_400, 3),
        matchers=fields.get("matchers", ()),
        continues=fields.get("continue", False),
        routes=tuple(_route(child.fields, receiver=receiver, days=days) for child in children),
    )


def _receiver(fields: Mapping[str, Any]) -> Receiver:
    addressee = _Addressee.of(fields)
    return Receiver(
        name=fields["name"],
        targets=tuple(
            addressee.target(channel, grammar_of(channel).receiver_address(fields[channel.value]))
            for channel in Channel
            if channel.value in fields
        ),
        owner=fields.get("owner", False),
        otherwise=fields.get("else", ""),
    )


def _person(email: str, fields: Mapping[str, Any]) -> Person:
    addressee = _Addressee.of(fields, person=email)
    targets = {}
    for channel in Channel:
        address = grammar_of(channel).person_address(fields.get(channel.value), email=email)
        if address is not None:
            targets[channel] = addressee.target(channel, address)
    return Person(
        email=email,
        name=fields["name"],
        targets=tuple(
            targets[channel] for name in fields.get("notify", Channel) if (channel := Channel(name)) in targets
        ),
        time_zone=addressee.time_zone,
        back_up=fields.get("back_up"),
        away=tuple(Absence(one.fields["from"], one.fields["to"]) for one in fields.get("away", ())),
    )


class _Addressee(NamedTuple):
    """How the recipient reads."""

    language: str
    time_zone: str
    person: str | None

    @classmethod
    def of(cls, fields: Mapping[str, Any], *, person: str | None = None) -> "_Addressee":
        return cls(fields.get("language", "en"), fields.get("time_zone", "UTC"), person)

    def target(self, channel: Channel, address: Address) -> Target:
        return Target(channel, address.address, address.webhook, self.language, self.time_zone, self.person)
