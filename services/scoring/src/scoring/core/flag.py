"""Flags: while one is up the score is capped. Raised and cleared by events, or derived from a metric's value."""

from collections.abc import Sequence
from math import inf
from typing import Any

from msgspec import Struct

from scoring.core import card
from scoring.core.context import Context
from scoring.core.metrics.kind import Metric
from scoring.core.moments import seconds
from scoring.core.path import NEVER, Path, Piece, of_pieces

_UNCAPPED = 100.0


class Raised(Struct, array_like=True):
    """When it was raised and cleared last, by event time; it is up if the raising is the later."""

    raised: float = -inf
    cleared: float = -inf


class Flag:
    """A definition from the card, made ready to run; `watches` is the metric that a derived flag reads."""

    def __init__(self, definition: card.Flag, *, watches: Metric | None) -> None:
        self.name = definition.name
        self.definition = definition
        self.watches = watches
        self._ttl = inf if definition.ttl is None else seconds(definition.ttl)

    def apply(self, state: Raised, event_name: str, *, moment: float) -> bool:
        before = (state.raised, state.cleared)
        if event_name in self.definition.events:
            state.raised = max(state.raised, moment)
        if event_name in self.definition.clear_on:
            state.cleared = max(state.cleared, moment)
        return before != (state.raised, state.cleared)

    def path(self, state: Raised, states: Sequence[Any], context: Context) -> Path:
        """The cap as a path: no points while the flag is down."""
        if self.watches is not None:
            return self._derived(self.watches, states, context)
        if state.raised <= state.cleared:
            return NEVER
        return of_pieces(self._up(state.raised, inf))

    def _derived(self, metric: Metric, states: Sequence[Any], context: Context) -> Path:
        when = self.definition.when
        drift, curve = metric.drift(states, context), metric.curve(context.stage)
        if when is None or drift is None or curve is None:
            return NEVER
        held = drift.holds(when.op, curve.x_of(when.value))
        if held is None:
            return NEVER
        since, until = held
        return of_pieces([(drift.base, None, 0.0), *self._up(since, until)])

    def _up(self, since: float, until: float) -> list[Piece]:
        slope = (_UNCAPPED - self.definition.cap) / self._ttl
        end = min(since + self._ttl, until)
        up: list[Piece] = [(since, self.definition.cap, slope)]
        return up if end == inf else [*up, (end, None, 0.0)]
