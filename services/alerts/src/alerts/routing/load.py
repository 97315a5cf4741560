"""Reads routes.yml: the result is `Routes`, or everything that is wrong with the file."""

from alerts.channels.registry import Channel
from alerts.routing.channel_grammar import Address, grammar_of
from alerts.routing.destination import Target
from alerts.routing.grammar import AddresseeEntry, PersonEntry, ReceiverEntry, RootEntry, RouteEntry, RoutesFile
from alerts.routing.people import Absence, People, Person, known_as
from alerts.routing.references import check_references, draft_of
from alerts.routing.routes import Receiver, Routes
from alerts.routing.tree import Route
from common.documents.findings import Findings, InvalidDocument
from common.documents.load import Checked, Document, check


class InvalidRoutes(InvalidDocument):
    """The routes cannot be used."""


def check_routes(text: str) -> Checked[Routes]:
    """All problems and warnings of a file; raises nothing."""
    return check(text, RoutesFile, _routes, noun="a routes file")


def load(text: str, source_name: str) -> Routes:
    """The routes in `text`. Raises `InvalidRoutes`; `source_name` is what its message calls the file."""
    return check_routes(text).sound(InvalidRoutes, source_name)


def _routes(file: Document[RoutesFile], found: Findings) -> Routes | None:
    check_references(draft_of(file), found)
    if file.model is None or found.problems:
        return None
    read = file.model
    return Routes(
        root=_route(
            read.route,
            receiver=read.route.receiver,
            repeat=read.route.repeat_interval,
            resolve=read.route.resolve_after,
        ),
        receivers={entry.name: _receiver(entry) for entry in read.receivers},
        people=People({known_as(email): _person(email, entry) for email, entry in read.people.items()}),
        link=read.links.account_url,
        accounts_url=read.links.accounts_url,
        gather=round(read.first_look.gather * 86_400, 3),
        quote_customer=read.quote_customer,
        name_contacts=read.name_contacts,
        final_outcomes=frozenset(read.final_outcomes),
    )


def _route(entry: RootEntry | RouteEntry, *, receiver: str, repeat: float, resolve: float) -> Route:
    """With what it inherits: the receiver and the two durations (days) of the route above."""
    receiver = entry.receiver or receiver
    repeat = entry.repeat_interval or repeat
    resolve = resolve if entry.resolve_after is None else entry.resolve_after
    return Route(
        receiver=receiver,
        repeat_interval=round(repeat * 86_400, 3),
        resolve_after=round(resolve * 86_400, 3),
        matchers=entry.matchers if isinstance(entry, RouteEntry) else (),
        continues=isinstance(entry, RouteEntry) and entry.continues,
        routes=tuple(_route(each, receiver=receiver, repeat=repeat, resolve=resolve) for each in entry.routes),
    )


def _receiver(entry: ReceiverEntry) -> Receiver:
    return Receiver(
        name=entry.name,
        targets=tuple(
            _target(channel, grammar_of(channel).receiver_address(given), entry)
            for channel in Channel
            if (given := entry.under(channel)) is not None
        ),
        owner=entry.owner,
        otherwise=entry.otherwise or "",
        notify=frozenset(entry.notify),
    )


def _person(email: str, entry: PersonEntry) -> Person:
    addresses = [
        (channel, grammar_of(channel).person_address(entry.under(channel), email=email)) for channel in entry.notify
    ]
    return Person(
        email=email,
        name=entry.name,
        targets=tuple(_target(channel, address, entry, email) for channel, address in addresses if address is not None),
        time_zone=entry.time_zone,
        back_up=entry.back_up,
        away=tuple(Absence(one.first, one.last) for one in entry.away),
    )


def _target(channel: Channel, address: Address, entry: AddresseeEntry, person: str | None = None) -> Target:
    return Target(channel, address.address, address.webhook, entry.language, entry.time_zone, person)
