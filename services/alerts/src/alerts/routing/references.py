"""Checks that span the parts of routes.yml. Each reports its problems; none stops another."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from alerts.channels.registry import Channel
from alerts.routing.channel_grammar import grammar_of
from alerts.routing.matchers import Matcher
from alerts.routing.people import known_as
from common.documents.findings import Findings, did_you_mean
from common.documents.mapping_rules import ListEntry
from common.documents.yaml import YamlValue


class RoutesDraft(Struct, frozen=True):
    """The parts that could be read. `named` are all receivers and `listed` all people of the file, readable or not."""

    route: Mapping[str, Any]
    receivers: tuple[ListEntry, ...]
    people: Mapping[str, Mapping[str, Any]]
    named: tuple[str, ...]
    listed: tuple[str, ...]


def check_references(draft: RoutesDraft, found: Findings) -> None:
    root = ListEntry("route", dict(draft.route))
    _check_route(root, draft, found)
    _check_receivers(root, draft, found)
    _check_people(draft, found)


def declared(root: YamlValue, section: str) -> tuple[str, ...]:
    """The names that a section uses, also of entries that could not be read."""
    content = root.content[section].content if isinstance(root.content, dict) and section in root.content else ()
    if isinstance(content, dict):
        return tuple(content)
    items = content if isinstance(content, tuple) else ()
    names = (item.content.get("name") for item in items if isinstance(item.content, dict))
    return tuple(name.content for name in names if name and isinstance(name.content, str))


def _check_route(route: ListEntry, draft: RoutesDraft, found: Findings) -> None:
    receiver = route.fields.get("receiver")
    if receiver is not None:
        _check_known(f"{route.where}.receiver", receiver, draft, found)
    children: tuple[ListEntry, ...] = route.fields.get("routes", ())
    takers: list[ListEntry] = []
    for child in children:
        if taker := next((one for one in takers if _matches_all_of(one, child)), None):
            line = found.positions[taker.where].line
            found.warning(child.where, f"can never be reached: the route of line {line} takes every signal before it")
        # A route that takes its signals hides them from the later routes with the same or more matchers.
        if not child.fields.get("continue"):
            takers.append(child)
        _check_route(child, draft, found)


def _matches_all_of(one: ListEntry, other: ListEntry) -> bool:
    """Whether one matches everything that the other does: it has the same matchers, or fewer."""
    matchers: tuple[Matcher, ...] = other.fields.get("matchers", ())
    return set(one.fields.get("matchers", ())) <= set(matchers)


def _check_known(where: str, receiver: str, draft: RoutesDraft, found: Findings) -> None:
    if receiver not in draft.named:
        near = did_you_mean(receiver, draft.named) or f", known: {', '.join(draft.named) or 'none'}"
        found.problem(where, f"there is no receiver '{receiver}'{near}")


def _check_receivers(root: ListEntry, draft: RoutesDraft, found: Findings) -> None:
    first: dict[str, str] = {}
    for where, fields in draft.receivers:
        name = fields["name"]
        # Two receivers of one name: routes could mean either.
        if name in first:
            line = found.positions[first[name]].line
            found.problem(f"{where}.name", f"'{name}' is already the name of the receiver of line {line}")
        first.setdefault(name, where)
        # A receiver for owners needs people to reach.
        if fields.get("owner") and not draft.listed:
            found.warning(f"{where}.owner", "there are no 'people': every owner is unknown")
        _check_otherwise(f"{where}.else", fields, draft, found)
    if not found.problems:  # else an unreadable route may lead there
        _warn_of_unused(first, root, draft, found)


def _warn_of_unused(receivers: Mapping[str, str], root: ListEntry, draft: RoutesDraft, found: Findings) -> None:
    used = set(_used(root)) | {fields.get("else") for _, fields in draft.receivers}
    for name, where in receivers.items():
        if name not in used:
            found.warning(where, f"no route leads to '{name}'")


def _check_otherwise(where: str, fields: Mapping[str, Any], draft: RoutesDraft, found: Findings) -> None:
    otherwise = fields.get("else")
    if otherwise is None:
        return
    _check_known(where, otherwise, draft, found)
    # `else` must not lead to an owner again, or it could lead nowhere.
    if any(other["name"] == otherwise and other.get("owner") for _, other in draft.receivers):
        found.problem(where, f"'{otherwise}' is told by owner itself: name one with a channel of its own")


def _used(route: ListEntry) -> Iterator[str]:
    if receiver := route.fields.get("receiver"):
        yield receiver
    for child in route.fields.get("routes", ()):
        yield from _used(child)


def _check_people(draft: RoutesDraft, found: Findings) -> None:
    first: dict[str, str] = {}
    for email in draft.listed:
        if (known := known_as(email)) in first:
            why = f"is '{first[known]}' once more: small or capital letters make no difference"
            found.problem(f"people.{email}", why)
        first.setdefault(known, email)
    for email, fields in draft.people.items():
        _check_person(email, fields, set(first), found)
    back_ups = {
        known_as(email): known_as(fields["back_up"]) for email, fields in draft.people.items() if "back_up" in fields
    }
    for email in draft.people:
        # Back-ups that lead back to the person would be followed for ever.
        if _in_a_circle(known_as(email), back_ups):
            found.problem(f"people.{email}.back_up", "back-ups go in a circle: somebody has to be the last")


def _check_person(email: str, fields: Mapping[str, Any], listed: set[str], found: Findings) -> None:
    where = f"people.{email}"
    back_up = fields.get("back_up")
    if back_up is not None and known_as(back_up) not in listed:
        found.problem(f"{where}.back_up", f"'{back_up}' is not among people{did_you_mean(back_up, tuple(listed))}")
    for channel in map(Channel, fields.get("notify", ())):
        grammar = grammar_of(channel)
        if grammar.person_address(fields.get(channel.value), email=email) is None:
            found.problem(f"{where}.notify", grammar.address_is_missing)
    if "away" in fields and back_up is None:
        found.warning(f"{where}.away", "without a back_up the receiver's 'else' is told meanwhile")
    for absence in fields.get("away", ()):
        if absence.fields["to"] < absence.fields["from"]:
            found.problem(f"{absence.where}.to", "is before 'from'")


def _in_a_circle(start: str, back_ups: Mapping[str, str]) -> bool:
    seen, at = {start}, back_ups.get(start)
    while at is not None and at not in seen:
        seen.add(at)
        at = back_ups.get(at)
    return at == start
