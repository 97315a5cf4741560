"""The text of routes.yml becomes `Routes`, or a list of everything that is wrong with it."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct

from alerts.core.destination import Channel, Target
from alerts.routing import rules
from alerts.routing.grammar import ROUTES
from alerts.routing.people import Absence, People, Person, known_as
from alerts.routing.routes import Receiver, Routes
from alerts.routing.rules import Draft, declared
from alerts.routing.tree import Route
from common.documents.findings import Finding, Findings, InvalidDocument, InvalidValue
from common.documents.mapping_rules import ListEntry
from common.documents.yaml import parse

# For so long the same thing is not told again, where routes.yml says nothing.
REPEAT_DAYS = 7.0


class InvalidRoutes(InvalidDocument):
    """The routes cannot be used."""


class Reading(Struct, frozen=True):
    """`routes` are there exactly when there are no problems; warnings never stand in their way."""

    routes: Routes | None
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def examine(text: str) -> Reading:
    """Everything that is to be said about a file; raises nothing."""
    found = Findings()
    routes = None
    try:
        root = parse(text, found, noun="a routes file")
        fields, _ = ROUTES.read_valid_keys(root, found)
        draft = Draft(
            route=fields.get("route", {}),
            receivers=fields.get("receivers", ()),
            people=fields.get("people", {}),
            named=declared(root, "receivers"),
            listed=declared(root, "people"),
        )
        rules.check(draft, found)
        if not found.problems:
            link = fields.get("links", {}).get("account_url")
            routes = _routes(draft, link=link, final=fields.get("final_outcomes", ()))
    except InvalidValue:
        pass
    return Reading(routes, found.problems, found.warnings)


def load(text: str, source_name: str) -> Routes:
    """The routes in `text`. Raises `InvalidRoutes`; `source_name` is what its message calls the file."""
    reading = examine(text)
    if reading.routes is None:
        raise InvalidRoutes(source_name, reading.problems)
    return reading.routes


def _routes(draft: Draft, *, link: str | None, final: tuple[str, ...]) -> Routes:
    """Only of a draft that nothing was found against."""
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
        goes_on=fields.get("continue", False),
        routes=tuple(_route(child.fields, receiver=receiver, days=days) for child in children),
    )


def _receiver(fields: Mapping[str, Any]) -> Receiver:
    reader = _Reader.of(fields)
    targets = []
    if "slack" in fields:
        targets.append(reader.slack(fields["slack"]))
    if "email" in fields:
        targets.append(reader.email(fields["email"]["to"]))
    return Receiver(
        name=fields["name"],
        targets=tuple(targets),
        owner=fields.get("owner", False),
        otherwise=fields.get("else", ""),
    )


def _person(email: str, fields: Mapping[str, Any]) -> Person:
    reader = _Reader.of(fields, person=email)
    targets = {Channel.EMAIL: reader.email(fields.get("email", email))}
    if "slack" in fields:
        targets[Channel.SLACK] = reader.slack(fields["slack"])
    order = fields.get("notify", (Channel.SLACK, Channel.EMAIL))
    return Person(
        email=email,
        name=fields["name"],
        targets=tuple(targets[channel] for name in order if (channel := Channel(name)) in targets),
        time_zone=reader.time_zone,
        back_up=fields.get("back_up"),
        away=tuple(Absence(one.fields["from"], one.fields["to"]) for one in fields.get("away", ())),
    )


class _Reader(NamedTuple):
    """How whoever reads the message reads."""

    language: str
    time_zone: str
    person: str | None

    @classmethod
    def of(cls, fields: Mapping[str, Any], *, person: str | None = None) -> "_Reader":
        return cls(fields.get("language", "en"), fields.get("time_zone", "UTC"), person)

    def slack(self, where: tuple[str, bool] | Mapping[str, tuple[str, bool]]) -> Target:
        address, webhook = next(iter(where.values())) if isinstance(where, Mapping) else where
        return self._target(Channel.SLACK, address, webhook=webhook)

    def email(self, address: str) -> Target:
        return self._target(Channel.EMAIL, address)

    def _target(self, channel: Channel, address: str, *, webhook: bool = False) -> Target:
        return Target(channel, address, webhook, self.language, self.time_zone, self.person)
