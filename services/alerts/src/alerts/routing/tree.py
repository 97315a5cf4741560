"""The tree of routes, walked as Alertmanager walks its own."""

from collections.abc import Iterator

from msgspec import Struct

from alerts.core.labels import Labels
from alerts.routing.matchers import Matcher


class Route(Struct, frozen=True):
    """A node with what it inherits filled in. `repeat_interval` is seconds; `goes_on` is the file's `continue`."""

    receiver: str
    repeat_interval: float
    matchers: tuple[Matcher, ...] = ()
    goes_on: bool = False
    routes: tuple["Route", ...] = ()

    def __str__(self) -> str:
        return ", ".join(map(str, self.matchers)) or "everything else"


class RouteMatch(Struct, frozen=True):
    """A node that answered, and the way to it from the root, each node as people read it."""

    route: Route
    path: tuple[str, ...]


ROOT = "every signal"


def matching_routes(root: Route, labels: Labels) -> tuple[RouteMatch, ...]:
    """The nodes that a signal is told by, in the order of the file; at least the root."""
    return tuple(_from(root, labels, (ROOT,)))


def _from(node: Route, labels: Labels, path: tuple[str, ...]) -> Iterator[RouteMatch]:
    """The first child that matches has the word, unless it lets its siblings speak too; without any, the node."""
    nobody = True
    for child in node.routes:
        if not all(matcher.matches(labels) for matcher in child.matchers):
            continue
        nobody = False
        yield from _from(child, labels, (*path, str(child)))
        if not child.goes_on:
            return
    if nobody:
        yield RouteMatch(node, path)
