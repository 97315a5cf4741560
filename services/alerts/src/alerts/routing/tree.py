"""The tree of routes, walked as Alertmanager walks its own."""

from collections.abc import Iterator

from msgspec import Struct

from alerts.routing.labels import Labels
from alerts.routing.matchers import Matcher


class Route(Struct, frozen=True):
    """A node with what it inherits filled in. The two durations are seconds; `continues` is the file's `continue`."""

    receiver: str
    repeat_interval: float
    resolve_after: float
    matchers: tuple[Matcher, ...] = ()
    continues: bool = False
    routes: tuple["Route", ...] = ()

    def __str__(self) -> str:
        return ", ".join(map(str, self.matchers)) or "everything else"


class RouteMatch(Struct, frozen=True):
    """The node that takes a signal, and the path to it from the root, each node as people read it."""

    route: Route
    path: tuple[str, ...]


ROOT = "every signal"


def matching_routes(root: Route, labels: Labels) -> tuple[RouteMatch, ...]:
    """The nodes that take a signal, in the order of the file; at least the root."""
    return tuple(_matches_below(root, labels, (ROOT,)))


def _matches_below(node: Route, labels: Labels, path: tuple[str, ...]) -> Iterator[RouteMatch]:
    """The first child that matches takes it; with `continue` the next ones may, too. If none does, the node does."""
    matched = False
    for child in node.routes:
        if not all(matcher.matches(labels) for matcher in child.matchers):
            continue
        matched = True
        yield from _matches_below(child, labels, (*path, str(child)))
        # Without `continue` the routes after this one do not see the signal.
        if not child.continues:
            return
    if not matched:
        yield RouteMatch(node, path)
