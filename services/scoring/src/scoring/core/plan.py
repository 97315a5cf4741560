"""A card made ready to run: its metrics and flags, and for each event name what it feeds and what must be redrawn."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from scoring.core import card
from scoring.core.card import Card
from scoring.core.context import Context
from scoring.core.facts import WRITES
from scoring.core.flag import Flag, Raised
from scoring.core.ledger import Names
from scoring.core.metrics.distinct import Distinct
from scoring.core.metrics.gauge import Gauge
from scoring.core.metrics.kind import Metric
from scoring.core.metrics.milestone import Milestone
from scoring.core.metrics.peak import VALUE, AgainstPeak
from scoring.core.metrics.rate import Rate
from scoring.core.metrics.ratio import Ratio
from scoring.core.metrics.silence import Silence
from scoring.core.path import NEVER
from scoring.core.sight import Course
from scoring.core.weights import StageWeights


class Reaction(NamedTuple):
    """What an event name does, by index: states fed; paths, caps and steps to draw again; outcomes told."""

    metrics: tuple[int, ...] = ()
    flags: tuple[int, ...] = ()
    paths: tuple[int, ...] = ()
    caps: tuple[int, ...] = ()
    steps: bool = False
    outcomes: tuple[str, ...] = ()
    writes_facts: bool = False

    @property
    def plain(self) -> bool:
        """It moves points and nothing else, unless it bends the whole course."""
        return not (self.steps or self.outcomes)


_NOTHING = Reaction()


class Plan:
    def __init__(self, card_: Card) -> None:
        self.card = card_
        self.metrics = _metrics(card_)
        by_name = {metric.name: metric for metric in self.metrics}
        self.flags = tuple(Flag(flag, watches=by_name[flag.when.metric] if flag.when else None) for flag in card_.flags)
        self.names = Names(
            tuple(metric.name for metric in self.metrics),
            tuple(flag.name for flag in self.flags),
            card_.reference,
        )
        self.keys = tuple(card.fingerprint(part) for part in (*card_.metrics, *card_.flags))
        self._order = _order(self.metrics)
        self._weights = {stage: StageWeights(card_, stage, self.metrics) for stage in card.STAGES}
        self._reactions = self._react()

    def reaction(self, event_name: str) -> Reaction:
        return self._reactions.get(event_name, _NOTHING)

    def _react(self) -> dict[str, Reaction]:
        names = {name for metric in self.metrics for name in metric.events} | set(WRITES)
        names |= {n for flag in self.card.flags for n in (*flag.events, *flag.clear_on)}
        names |= {name for outcome in self.card.outcomes for name in outcome.events}
        return {name: self._reaction_to(name) for name in names}

    def _reaction_to(self, name: str) -> Reaction:
        fed = tuple(metric.index for metric in self.metrics if name in metric.events)
        moved = set(fed)
        for index in self._order:
            if moved.intersection(self.metrics[index].needs):
                moved.add(index)
        raised = [i for i, f in enumerate(self.card.flags) if name in (*f.events, *f.clear_on)]
        derived = [i for i, f in enumerate(self.flags) if f.watches is not None and f.watches.index in moved]
        return Reaction(
            metrics=fed,
            flags=tuple(raised),
            paths=tuple(index for index in self._order if index in moved),
            caps=tuple(sorted({*raised, *derived})),
            steps=any(isinstance(self.metrics[index], Milestone) for index in fed),
            outcomes=tuple(outcome.name for outcome in self.card.outcomes if name in outcome.events),
            writes_facts=name in WRITES,
        )

    def course(self, states: Sequence[Any], flags: Sequence[Raised], context: Context) -> Course:
        stage = context.stage
        bands = self.card.bands.get(stage) or self.card.bands[card.DEFAULT]
        course = Course(stage, weights=self._weights[stage], bands=bands, reference=self.card.reference)
        course.paths = [NEVER] * len(self.metrics)
        course.caps = [NEVER] * len(self.flags)
        everything = Reaction(paths=self._order, caps=tuple(range(len(self.flags))), steps=True)
        self.redraw(course, everything, states=states, flags=flags, context=context)
        return course

    def redraw(
        self,
        course: Course,
        reaction: Reaction,
        *,
        states: Sequence[Any],
        flags: Sequence[Raised],
        context: Context,
    ) -> None:
        """Draws again what `reaction` may have moved; the rest of the course holds."""
        for index in reaction.paths:
            course.paths[index] = self.metrics[index].path(states, context, course.paths)
        for index in reaction.caps:
            course.caps[index] = self.flags[index].path(flags[index], context, course.paths)
        if reaction.steps:
            course.steps = self._steps(states, context)

    def _steps(self, states: Sequence[Any], context: Context) -> list[tuple[float, str]]:
        """Every step that is not done, with its earliest due moment should two metrics have it."""
        steps: dict[str, float] = {}
        for metric in self.metrics:
            if context.stage in metric.stages:
                for due, step in metric.steps(states, context):
                    steps[step] = min(due, steps.get(step, due))
        return sorted((due, step) for step, due in steps.items())


def _metrics(card_: Card) -> tuple[Metric, ...]:
    """In the card's order; those that need others are made last."""
    made: dict[str, Metric] = {}
    waiting = dict(enumerate(card_.metrics))
    while waiting:
        ready = [i for i, d in waiting.items() if all(name in made for name in _needs(d))]
        if not ready:
            raise ValueError(f"these metrics need each other: {[d.name for d in waiting.values()]}")
        for index in ready:
            definition = waiting.pop(index)
            made[definition.name] = _metric(definition, index, made=made, card_=card_)
    return tuple(made[definition.name] for definition in card_.metrics)


def _needs(definition: card.AnyMetric) -> list[str]:
    if not isinstance(definition, card.Ratio):
        return []
    return [name for name in (definition.denominator_metric, definition.quiet_follows) if name is not None]


def _metric(definition: card.AnyMetric, index: int, *, made: dict[str, Metric], card_: Card) -> Metric:
    match definition:
        case card.Rate():
            return Rate(definition, index)
        case card.Ratio():
            denominator = made[definition.denominator_metric] if definition.denominator_metric else None
            follows = made[definition.quiet_follows] if definition.quiet_follows else None
            assert denominator is None or isinstance(denominator, Rate | Distinct)
            return Ratio(definition, index, denominator=denominator, follows=follows)
        case card.Distinct():
            return Distinct(definition, index)
        case card.Silence():
            return Silence(definition, index)
        case card.Gauge():
            return (AgainstPeak if definition.value == VALUE else Gauge)(definition, index)
        case card.Milestone():
            others = [m for m in card_.metrics if isinstance(m, card.Milestone) and m.name != definition.name]
            return Milestone(definition, index, elsewhere=frozenset(s for m in others for s in m.steps))


def _order(metrics: Sequence[Metric]) -> tuple[int, ...]:
    """Every metric after those that it needs."""
    order: list[int] = []

    def place(index: int) -> None:
        if index not in order:
            for needed in metrics[index].needs:
                place(needed)
            order.append(index)

    for metric in metrics:
        place(metric.index)
    return tuple(order)
