"""A card made ready to run: how accounts are made, and what each event name does."""

from collections.abc import Sequence
from typing import Final, final

from scoring.health.account import Account
from scoring.health.bands import BandLines
from scoring.health.calendar.choice import ClockChoice
from scoring.health.calendar.definition import CalendarRules, CountryCalendars
from scoring.health.card import Card, Flag, When, fingerprint
from scoring.health.clock import Clock
from scoring.health.context import STAGES
from scoring.health.curve import Curve
from scoring.health.facts import NOTICES, RETRACTED, WRITES, tiers_by_amount
from scoring.health.flag import AccountFlag
from scoring.health.metric_kinds import KINDS
from scoring.health.metrics.definition import DEFAULT, CurvedDefinition, MetricDefinition
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.metric import Metric, OtherMetrics
from scoring.health.metrics.silence.definition import Silence
from scoring.health.moments import DAY
from scoring.health.overrides import OVERRIDDEN
from scoring.health.people import PEOPLE_EVENTS
from scoring.health.readiness import ExpansionReadiness, ReadinessCondition
from scoring.health.stages import StageRules
from scoring.health.weights import Weighting


@final
class Reaction:
    """What an event name does under a card, by index: it feeds `fed_metrics` and `fed_flags`.

    The trajectories of `moved_metrics` (each after those that it reads) and `moved_flags` have to be projected again.
    `changes_steps` if it may change milestone steps, `retracts` if it takes back an earlier event, `moves_points_only`
    if it can do nothing but move points. `moves_readiness` if a condition of expansion reads a metric that it moves.
    `describes_people` if it says something of the person whom it names, which moves nothing. `overrides` if a person
    sets a band with it.
    """

    __slots__ = (
        "changes_steps", "describes_people", "fed_flags", "fed_metrics", "moved_flags", "moved_metrics",
        "moves_points_only", "moves_readiness", "outcomes", "overrides", "retracts", "writes_facts",
    )  # fmt: skip

    def __init__(
        self,
        *,
        fed_metrics: tuple[int, ...] = (),
        fed_flags: tuple[int, ...] = (),
        moved_metrics: tuple[int, ...] = (),
        moved_flags: tuple[int, ...] = (),
        moves_readiness: bool = False,
        changes_steps: bool = False,
        outcomes: tuple[str, ...] = (),
        writes_facts: bool = False,
        describes_people: bool = False,
        retracts: bool = False,
        overrides: bool = False,
    ) -> None:
        self.fed_metrics = fed_metrics
        self.fed_flags = fed_flags
        self.moved_metrics = moved_metrics
        self.moved_flags = moved_flags
        self.moves_readiness = moves_readiness
        self.changes_steps = changes_steps
        self.outcomes = outcomes
        self.writes_facts = writes_facts
        self.describes_people = describes_people
        self.retracts = retracts
        self.overrides = overrides
        self.moves_points_only = not (fed_flags or changes_steps or outcomes or writes_facts or retracts or overrides)


_IGNORED: Final = Reaction()


@final
class CardModel:
    """Immutable; one serves any number of accounts. Everything by stage is a list in the order of STAGES.

    `stages` says what the card does of stages. `people_metric` counts people, None if no metric does. `metric_keys` and
    `flag_keys` are the fingerprints of their definitions. `full_reaction` is the reaction to a change of context, which
    moves all trajectories. `flags_by_name` are the flags' indices in the order of their names; `silence_flags` of those
    that follow a metric of silence, `champion_flags` of those among them that follow the champions' only;
    `account_silence_flags` are the names of the others. `notice_flags` are those that a notice raises.
    """

    def __init__(self, card: Card, card_id: str, clock: Clock, calendars: CountryCalendars | None) -> None:
        self.card = card
        self.card_id = card_id
        rules = card.clock if isinstance(card.clock, CalendarRules) else None
        self.clocks = ClockChoice(rules, calendars, clock)
        self.reference = float(card.reference)
        self.contraction = float(card.contraction)
        self.tiers = tiers_by_amount(card.tiers) if isinstance(card.tiers, dict) else ()
        self.stages = StageRules(card)
        self.metric_keys = [fingerprint(metric) for metric in card.metrics]
        self.flag_keys = [fingerprint(flag) for flag in card.flags]
        self.flag_caps = {flag.name: float(flag.cap) for flag in card.flags}
        self.flags_by_name = sorted(range(len(card.flags)), key=lambda index: card.flags[index].name)
        self.bands = [_band_lines(card, stage) for stage in STAGES]
        self.weighting = Weighting(card)
        index_of = {metric.name: index for index, metric in enumerate(card.metrics)}
        self._reads = [tuple(index_of[name] for name in metric.reads.values()) for metric in card.metrics]
        self.order = _order(self._reads)
        self._curves = [metric.curves_by_stage() for metric in card.metrics]
        self._steps_of_others = [_steps_of_others(card, metric) for metric in card.metrics]
        self._watched = [-1 if flag.when is None else index_of[flag.when.metric] for flag in card.flags]
        self._bounds = [_bound(card, flag) for flag in card.flags]
        self.silence_flags = {index for index, flag in enumerate(card.flags) if _silence_of(card, flag) is not None}
        self.champion_flags = {index for index in self.silence_flags if _is_of_champions(card, card.flags[index])}
        self.account_silence_flags = [card.flags[index].name for index in self.silence_flags - self.champion_flags]
        self.notice_flags = [index for index, flag in enumerate(card.flags) if not NOTICES.isdisjoint(flag.events)]
        self.people_metric = _people_metric(card)
        journey = card.journey_or_none
        self._expansion = None if journey is None else journey.expansion
        self.full_reaction = Reaction(
            moved_metrics=self.order,
            moved_flags=tuple(range(len(card.flags))),
            moves_readiness=self._expansion is not None,
            changes_steps=True,
        )
        self._reactions = {name: self._reaction_to(name) for name in _names(card)}

    def reaction(self, event_name: str) -> Reaction:
        return self._reactions.get(event_name, _IGNORED)

    def account(self, account_id: str) -> Account:
        """An account before its first record."""
        made: dict[str, Metric] = {}
        for index in self.order:
            definition = self.card.metrics[index]
            others = OtherMetrics(made, self._steps_of_others[index])
            made[definition.name] = KINDS[type(definition)](definition, index, self._curves[index], others)
        flags = []
        for index, flag in enumerate(self.card.flags):
            watched = None if flag.when is None else made[flag.when.metric]
            flags.append(AccountFlag(flag, index, watched, self._bounds[index]))
        return Account(account_id, self, tuple(made.values()), tuple(flags), self._readiness(made))

    def _readiness(self, made: dict[str, Metric]) -> ExpansionReadiness | None:
        expansion = self._expansion
        if expansion is None:
            return None
        return ExpansionReadiness([_condition(self.card, made, each, expansion.hysteresis) for each in expansion.when])

    def _reaction_to(self, name: str) -> Reaction:
        metrics, flags = self.card.metrics, self.card.flags
        fed = [index for index, metric in enumerate(metrics) if name in metric.listens]
        # What reads a metric that moves, moves too; in this order one pass finds all of them.
        moved = set(fed)
        for index in self.order:
            if any([read in moved for read in self._reads[index]]):
                moved.add(index)
        raised = [index for index, flag in enumerate(flags) if name in flag.events or name in flag.clear_on]
        derived = [index for index, watched in enumerate(self._watched) if watched in moved]
        expansion = () if self._expansion is None else self._expansion.when
        return Reaction(
            moves_readiness=any([metrics[index].name in [each.metric for each in expansion] for index in moved]),
            fed_metrics=tuple(fed),
            fed_flags=tuple(raised),
            moved_metrics=tuple([index for index in self.order if index in moved]),
            moved_flags=tuple(sorted({*raised, *derived})),
            changes_steps=any([metrics[index].has_steps for index in fed]),
            outcomes=tuple([outcome.name for outcome in self.card.outcomes if name in outcome.events]),
            writes_facts=name in WRITES,
            describes_people=name in PEOPLE_EVENTS,
            retracts=name == RETRACTED,
            overrides=name == OVERRIDDEN,
        )


def _bound(card: Card, flag: Flag) -> float | None:
    """The bound of a derived flag on the watched metric's curve; None if the flag has none."""
    return None if flag.when is None else _on_axis(card, flag.when.metric, float(flag.when.value))


def _on_axis(card: Card, name: str, value: float) -> float | None:
    """The value on the axis of the metric's curve; None if it has no curve."""
    watched = next(metric for metric in card.metrics if metric.name == name)
    if not isinstance(watched, CurvedDefinition):
        return None
    return Curve([(1.0, 0.0)], logarithmic=watched.logarithmic).x_of(value)


def _condition(card: Card, made: dict[str, Metric], when: When, hysteresis: float) -> ReadinessCondition:
    """Raises `ValueError` for a metric without a value, which no checked card compares."""
    above, value = when.op.startswith(">"), float(when.value)
    margin = abs(value) * float(hysteresis)
    enter = _on_axis(card, when.metric, value)
    leave = _on_axis(card, when.metric, value - margin if above else value + margin)
    if enter is None or leave is None:
        raise ValueError(f"{when.metric!r} has no value to compare")
    return ReadinessCondition(made[when.metric], enter, leave, above=above, inclusive=when.op.endswith("="))


def _people_metric(card: Card) -> int | None:
    """The first metric that counts different people."""
    found = [index for index, each in enumerate(card.metrics) if isinstance(each, Distinct) and each.key == "user_id"]
    return found[0] if found else None


def _silence_of(card: Card, flag: Flag) -> Silence | None:
    """The metric of silence that the flag follows."""
    for metric in card.metrics:
        if isinstance(metric, Silence) and flag.when is not None and metric.name == flag.when.metric:
            return metric
    return None


def _is_of_champions(card: Card, flag: Flag) -> bool:
    silence = _silence_of(card, flag)
    return silence is not None and silence.of_champions


def _band_lines(card: Card, stage: str) -> BandLines:
    bands = card.bands.get(stage) or card.bands[DEFAULT]
    return BandLines(float(bands.red), float(bands.yellow), float(bands.hysteresis), float(bands.min_duration) * DAY)


def _steps_of_others(card: Card, metric: MetricDefinition) -> frozenset[str]:
    """The milestone steps that the card gives to metrics other than this one."""
    return frozenset([step for other in card.metrics if other is not metric for step in other.step_names])


def _names(card: Card) -> set[str]:
    """The names of all events that change an account under this card."""
    names = {*WRITES, *PEOPLE_EVENTS, RETRACTED, OVERRIDDEN}
    for metric in card.metrics:
        names.update(metric.listens)
    for flag in card.flags:
        names.update(flag.events, flag.clear_on)
    for outcome in card.outcomes:
        names.update(outcome.events)
    return names


def _order(reads: Sequence[Sequence[int]]) -> tuple[int, ...]:
    """Every metric after those that it reads. Raises `ValueError` if some read each other."""
    order: list[int] = []
    while len(order) < len(reads):
        # Kahn's algorithm; a card has few metrics, so each round looks at all of them.
        ready = [
            index for index, read in enumerate(reads) if index not in order and all([other in order for other in read])
        ]
        if not ready:
            raise ValueError(f"these metrics read each other: {sorted(set(range(len(reads))) - set(order))}")
        order += ready
    return tuple(order)
