"""What must hold between the parts of routes.yml. Each rule reports; none stops another."""

from collections.abc import Iterator, Mapping
from typing import Any

from msgspec import Struct

from alerts.core.destination import Channel
from alerts.routing.matchers import Matcher
from alerts.routing.people import known_as
from common.documents.findings import Findings, did_you_mean
from common.documents.mapping_rules import ListEntry
from common.documents.yaml import YamlValue


class Draft(Struct, frozen=True):
    """What could be read. `named` and `listed` are all receivers and people of the file, readable or not."""

    route: Mapping[str, Any]
    receivers: tuple[ListEntry, ...]
    people: Mapping[str, Mapping[str, Any]]
    named: tuple[str, ...]
    listed: tuple[str, ...]


def check(draft: Draft, found: Findings) -> None:
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


def _check_route(route: ListEntry, draft: Draft, found: Findings) -> None:
    receiver = route.fields.get("receiver")
    if receiver is not None:
        _check_known(f"{route.where}.receiver", receiver, draft, found)
    children: tuple[ListEntry, ...] = route.fields.get("routes", ())
    takers: list[ListEntry] = []
    for child in children:
        if taker := next((one for one in takers if _takes_all_of(one, child)), None):
            line = found.positions[taker.where].line
            found.warning(child.where, f"can never be reached: the route of line {line} takes every signal before it")
        if not child.fields.get("continue"):
            takers.append(child)
        _check_route(child, draft, found)


def _takes_all_of(one: ListEntry, other: ListEntry) -> bool:
    """Whether whatever matches the other matches this one, too, as far as their matchers are the same."""
    matchers: tuple[Matcher, ...] = other.fields.get("matchers", ())
    return set(one.fields.get("matchers", ())) <= set(matchers)


def _check_known(where: str, receiver: str, draft: Draft, found: Findings) -> None:
    if receiver not in draft.named:
        near = did_you_mean(receiver, draft.named) or f", known: {', '.join(draft.named) or 'none'}"
        found.problem(where, f"there is no receiver '{receiver}'{near}")


def _check_receivers(root: ListEntry, draft: Draft, found: Findings) -> None:
    first: dict[str, str] = {}
    for where, fields in draft.receivers:
        name = fields["name"]
        if name in first:
            line = found.positions[first[name]].line
            found.problem(f"{where}.name", f"'{name}' is already the name of the receiver of line {line}")
        first.setdefault(name, where)
        if fields.get("owner") and not draft.listed:
            found.warning(f"{where}.owner", "there are no 'people': every owner is unknown")
        _check_otherwise(f"{where}.else", fields, draft, found)
    if not found.problems:  # one of the unreadable routes may be the one that leads there
        _warn_of_idle(first, root, draft, found)


def _warn_of_idle(receivers: Mapping[str, str], root: ListEntry, draft: Draft, found: Findings) -> None:
    used = set(_used(root)) | {fields.get("else") for _, fields in draft.receivers}
    for name, where in receivers.items():
        if name not in used:
            found.warning(where, f"no route leads to '{name}'")


def _check_otherwise(where: str, fields: Mapping[str, Any], draft: Draft, found: Findings) -> None:
    otherwise = fields.get("else")
    if otherwise is None:
        return
    _check_known(where, otherwise, draft, found)
    if any(other["name"] == otherwise and other.get("owner") for _, other in draft.receivers):
        found.problem(where, f"'{otherwise}' is told by owner itself: name one with a channel of its own")


def _used(route: ListEntry) -> Iterator[str]:
    if receiver := route.fields.get("receiver"):
        yield receiver
    for child in route.fields.get("routes", ()):
        yield from _used(child)


def _check_people(draft: Draft, found: Findings) -> None:
    first: dict[str, str] = {}
    for email in draft.listed:
        if (known := known_as(email)) in first:
            why = f"is '{first[known]}' once more: small or capital letters make no difference"
            found.problem(f"people.{email}", why)
        first.setdefault(known, email)
    for email, fields in draft.people.items():
        _check_person(f"people.{email}", fields, set(first), found)
    back_ups = {
        known_as(email): known_as(fields["back_up"]) for email, fields in draft.people.items() if "back_up" in fields
    }
    for email in draft.people:
        if _in_a_circle(known_as(email), back_ups):
            found.problem(f"people.{email}.back_up", "back-ups go in a circle: somebody has to be the last")


def _check_person(where: str, fields: Mapping[str, Any], listed: set[str], found: Findings) -> None:
    back_up = fields.get("back_up")
    if back_up is not None and known_as(back_up) not in listed:
        found.problem(f"{where}.back_up", f"'{back_up}' is not among people{did_you_mean(back_up, tuple(listed))}")
    if Channel.SLACK in fields.get("notify", ()) and "slack" not in fields:
        found.problem(f"{where}.notify", "'slack' needs to know where: add their member id as 'slack'")
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
