"""Flags: while one is up the score is capped. Raised and cleared by events, or derived from a metric's value."""

from collections.abc import Sequence
from math import inf

from msgspec import Struct

from scoring.core import card
from scoring.core.context import Context
from scoring.core.metrics.kind import Metric
from scoring.core.moments import seconds
from scoring.core.path import NEVER, Cap, Path

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
        self._bounds = (
            {}
            if watches is None or definition.when is None
            else {stage: curve.x_of(definition.when.value) for stage in card.STAGES if (curve := watches.curve(stage))}
        )
        self._ttl = inf if definition.ttl is None else seconds(definition.ttl)

    def apply(self, state: Raised, event_name: str, *, moment: float) -> bool:
        before = (state.raised, state.cleared)
        if event_name in self.definition.events:
            state.raised = max(state.raised, moment)
        if event_name in self.definition.clear_on:
            state.cleared = max(state.cleared, moment)
        return before != (state.raised, state.cleared)

    def path(self, state: Raised, context: Context, paths: Sequence[Path]) -> Path:
        """The cap as a path: no points while the flag is down. `paths` are those of the metrics."""
        if self.watches is not None:
            return self._derived(self.watches, context, paths)
        if state.raised <= state.cleared:
            return NEVER
        return self._up(state.raised, since=state.raised, until=inf)

    def _derived(self, metric: Metric, context: Context, paths: Sequence[Path]) -> Path:
        when, drift = self.definition.when, paths[metric.index].drift
        bound = self._bounds.get(context.stage)
        if drift is None or when is None or bound is None:
            return NEVER
        held = drift.holds(when.op, bound)
        if held is None:
            return NEVER
        since, until = held
        return self._up(drift.base, since=since, until=until)

    def _up(self, base: float, *, since: float, until: float) -> Path:
        slope = (_UNCAPPED - self.definition.cap) / self._ttl
        return Cap(base, since=since, end=min(since + self._ttl, until), cap=self.definition.cap, slope=slope)
