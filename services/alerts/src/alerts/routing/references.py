"""Checks that span the parts of routes.yml. Each reports its problems; none stops another."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from alerts.routing.channel_grammar import grammar_of
from alerts.routing.grammar import PersonEntry, ReceiverEntry, RootEntry, RouteEntry, RoutesFile
from alerts.routing.people import known_as
from alerts.routing.values import warn_of_doubtful
from common.documents.findings import Findings, did_you_mean
from common.documents.load import Document
from common.documents.yaml import path_of


class RoutesDraft(Struct, frozen=True):
    """The parts that can be used. `named` are all receivers and `listed` all people of the file, usable or not."""

    route: RootEntry | None
    receivers: tuple[ReceiverEntry, ...]
    people: Mapping[str, PersonEntry]
    named: tuple[str, ...]
    listed: tuple[str, ...]


def draft_of(file: Document[RoutesFile]) -> RoutesDraft:
    return RoutesDraft(
        route=file.sections.get("route"),
        receivers=file.sections.get("receivers", ()),
        people=file.sections.get("people", {}),
        named=_names_in(file.values.get("receivers")),
        listed=_names_in(file.values.get("people")),
    )


def _names_in(section: Any) -> tuple[str, ...]:
    if isinstance(section, dict):
        return tuple(section)
    entries = section if isinstance(section, tuple) else ()
    names = [entry.get("name") for entry in entries if isinstance(entry, dict)]
    return tuple(name for name in names if isinstance(name, str))


def check_references(draft: RoutesDraft, found: Findings) -> None:
    if draft.route is not None:
        _check_route(draft.route, draft, found)
    _check_receivers(draft, found)
    _check_people(draft, found)


def _check_route(route: RootEntry | RouteEntry, draft: RoutesDraft, found: Findings) -> None:
    if route.receiver is not None:
        _check_known(path_of(route.where, "receiver"), route.receiver, draft, found)
    takers: list[RouteEntry] = []
    for child in route.routes:
        warn_of_doubtful(child.matchers, child.where, found)
        # A route with the same matchers, or with fewer of them, matches everything that this one does.
        if taker := next((one for one in takers if set(one.matchers) <= set(child.matchers)), None):
            line = found.positions[taker.where].line
            found.warning(child.where, f"can never be reached: the route of line {line} takes every signal before it")
        # With `continue` it hides nothing from the later routes.
        if not child.continues:
            takers.append(child)
        _check_route(child, draft, found)


def _check_known(where: str, receiver: str, draft: RoutesDraft, found: Findings) -> None:
    if receiver not in draft.named:
        near = did_you_mean(receiver, draft.named) or f", known: {', '.join(draft.named) or 'none'}"
        found.problem(where, f"there is no receiver '{receiver}'{near}")


def _check_receivers(draft: RoutesDraft, found: Findings) -> None:
    first: dict[str, str] = {}
    for receiver in draft.receivers:
        # Two receivers of one name: routes could mean either.
        if receiver.name in first:
            line = found.positions[first[receiver.name]].line
            why = f"'{receiver.name}' is already the name of the receiver of line {line}"
            found.problem(path_of(receiver.where, "name"), why)
        first.setdefault(receiver.name, receiver.where)
        # A receiver for owners needs people to reach.
        if receiver.owner and not draft.listed:
            found.warning(path_of(receiver.where, "owner"), "there are no 'people': every owner is unknown")
        _check_otherwise(receiver, draft, found)
    if not found.problems:  # else an unusable route may lead there
        _warn_of_unused(first, draft, found)


def _warn_of_unused(receivers: Mapping[str, str], draft: RoutesDraft, found: Findings) -> None:
    used = {*_used(draft.route), *(receiver.otherwise for receiver in draft.receivers)}
    for name, where in receivers.items():
        if name not in used:
            found.warning(where, f"no route leads to '{name}'")


def _used(route: RootEntry | RouteEntry | None) -> Iterator[str | None]:
    if route is not None:
        yield route.receiver
        for child in route.routes:
            yield from _used(child)


def _check_otherwise(receiver: ReceiverEntry, draft: RoutesDraft, found: Findings) -> None:
    otherwise, where = receiver.otherwise, path_of(receiver.where, "else")
    if otherwise is None:
        return
    _check_known(where, otherwise, draft, found)
    # `else` must not lead to an owner again, or it could lead nowhere.
    if any(other.name == otherwise and other.owner for other in draft.receivers):
        found.problem(where, f"'{otherwise}' is told by owner itself: name one with a channel of its own")


def _check_people(draft: RoutesDraft, found: Findings) -> None:
    first: dict[str, str] = {}
    for email in draft.listed:
        if (known := known_as(email)) in first:
            why = f"is '{first[known]}' once more: small or capital letters make no difference"
            found.problem(path_of("people", email), why)
        first.setdefault(known, email)
    for email, person in draft.people.items():
        _check_person(email, person, tuple(first), found)
    back_ups = {known_as(email): known_as(person.back_up) for email, person in draft.people.items() if person.back_up}
    for email, person in draft.people.items():
        # Back-ups that lead back to the person would be followed for ever.
        if _in_a_circle(known_as(email), back_ups):
            found.problem(path_of(person.where, "back_up"), "back-ups go in a circle: somebody has to be the last")


def _check_person(email: str, person: PersonEntry, listed: tuple[str, ...], found: Findings) -> None:
    back_up = person.back_up
    if back_up is not None and known_as(back_up) not in listed:
        why = f"'{back_up}' is not among people{did_you_mean(back_up, listed)}"
        found.problem(path_of(person.where, "back_up"), why)
    for channel in person.notify if "notify" in person.model_fields_set else ():
        grammar = grammar_of(channel)
        if grammar.person_address(person.under(channel), email=email) is None:
            found.problem(path_of(person.where, "notify"), grammar.address_is_missing)
    if person.away and back_up is None:
        found.warning(path_of(person.where, "away"), "without a back_up the receiver's 'else' is told meanwhile")
    for absence in person.away:
        if absence.last < absence.first:
            found.problem(path_of(absence.where, "to"), "is before 'from'")


def _in_a_circle(start: str, back_ups: Mapping[str, str]) -> bool:
    seen, at = {start}, back_ups.get(start)
    while at is not None and at not in seen:
        seen.add(at)
        at = back_ups.get(at)
    return at == start
