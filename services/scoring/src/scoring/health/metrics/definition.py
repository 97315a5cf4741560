"""What a card says of a metric: the base of all definitions. Durations are days.

Definitions are msgspec Structs, so every `definition.py` stays interpreted: mypyc drops their class keywords. As
compiled dataclasses they would turn whole numbers into floats, which changes fingerprints, and crash msgspec's encoder.
"""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal, NamedTuple

import msgspec
from msgspec import Struct

from scoring.health.context import STAGES, Stage
from scoring.health.curve import Curve
from scoring.health.decay import LN2
from scoring.health.metrics.keys import CardKey

Dimension = Literal["deployment", "engagement", "adoption", "roi"]
DEFAULT = "default"

# (value, points), ascending in value; flat outside.
Knots = tuple[tuple[float, float], ...]


class CardProblem(NamedTuple):
    """What is wrong with a definition: at which key ("" for the whole metric), and why."""

    key: str
    reason: str
    warning: bool = False


class EventValue(NamedTuple):
    """What a metric reads of its events beside their time: the property, and what it has to be.

    A "key" is a text or a number, and `user_id` is one. What is not `required` may be absent.
    """

    events: tuple[str, ...]
    property: str
    form: Literal["number", "key", "text", "moment"]
    required: bool = True


class MetricDefinition(Struct, frozen=True, kw_only=True):
    """What every metric has. `share` is its weight inside its dimension; no `stages` means all of them.

    An `optional` metric has no points before the account's first event that counts in it, and coverage does not expect
    it before it has points.

    For the card: `about` explains the kind, `keys` are its own keys. Exactly one of `one_of` has to be there, and a key
    in `key_needs` makes no sense without the others. `counts_activity` if its events must be something that people do,
    `has_steps` if they may change milestone steps, `can_retract` if `event.retracted` takes back what an event set.
    """

    name: str
    dimension: Dimension
    share: float = 1.0
    stages: tuple[Stage, ...] = ()
    # Left out of the fingerprint of a metric that is not, so that its state outlives this.
    optional: bool | msgspec.UnsetType = msgspec.UNSET

    about: ClassVar[str]
    keys: ClassVar[dict[str, CardKey]]
    one_of: ClassVar[tuple[str, ...]] = ()
    key_needs: ClassVar[dict[str, tuple[str, ...]]] = {}
    counts_activity: ClassVar[bool] = False
    has_steps: ClassVar[bool] = False
    can_retract: ClassVar[bool] = False

    @property
    def kind(self) -> str:
        return kind_of(type(self))

    @property
    def listens(self) -> tuple[str, ...]:
        """The names of the events that it is fed."""
        raise NotImplementedError

    @property
    def values(self) -> tuple[EventValue, ...]:
        """What it reads of its events."""
        return ()

    @property
    def reads(self) -> dict[str, str]:
        """The names of the metrics that it reads, by the key that names each."""
        return {}

    @property
    def step_names(self) -> tuple[str, ...]:
        """The milestone steps that the card gives it."""
        return ()

    @property
    def steps_over(self) -> float:
        """The days after an account's start at which the last of those steps is due and its grace over."""
        return 0.0

    def owns_step(self, step: str, others: frozenset[str]) -> bool:
        """Whether a milestone step belongs to this metric; `others` are the steps that the card gives to other ones."""
        return False

    def curves_by_stage(self) -> list[Curve]:
        """In the order of STAGES; empty for a metric without curves."""
        return []

    def problems(self, metrics: Mapping[str, "MetricDefinition"]) -> Iterator[CardProblem]:
        """What the values of single keys cannot show. `metrics` are those of the card that could be read."""
        return iter(())

    @classmethod
    def fields_of(cls, given: dict[str, Any]) -> dict[str, Any]:
        """The fields of a definition but its name, from the values that a card gives by key."""
        own = {key: value for key, value in given.items() if (key, value) != ("optional", False) and key != "kind"}
        return {cls.keys[key].field or key if key in cls.keys else key: value for key, value in own.items()}


def kind_of(definition: type[MetricDefinition]) -> str:
    """The kind's name in cards; also what msgspec writes as `type`, and so part of every fingerprint."""
    return str(definition.__struct_config__.tag)


class CurvedDefinition(MetricDefinition, frozen=True, kw_only=True):
    """Points over a value, by stage; "default" is for the other stages. `logarithmic` curves run over its logarithm."""

    curves: dict[str, Knots]
    events: tuple[str, ...]

    logarithmic: ClassVar[bool] = False

    @property
    def listens(self) -> tuple[str, ...]:
        return self.events

    def curves_by_stage(self) -> list[Curve]:
        by_stage = [self.curves.get(stage) or self.curves[DEFAULT] for stage in STAGES]
        return [Curve(knots, logarithmic=self.logarithmic) for knots in by_stage]


def best_value(curves: Mapping[str, Knots]) -> float:
    """The least value with the most points, for a new account; 0 if the least values have them."""
    knots = curves.get("onboarding") or curves[DEFAULT]
    most = max(points for _, points in knots)
    return 0.0 if knots[0][1] == most else next(value for value, points in knots if points == most)


class DecayedCountDefinition(CurvedDefinition, frozen=True, kw_only=True):
    """A count that halves with every `half_life` of silence.

    With `per_week` the curve is over the weekly rate that would keep the count where it is. `prior_per_week` is what a
    new account is given; a card that does not say gives it what earns the most points, so that it has time to act.
    """

    half_life: float
    per_week: bool = False
    prior_per_week: float = 0.0

    logarithmic: ClassVar[bool] = True
    counts_activity: ClassVar[bool] = True
    one_of: ClassVar[tuple[str, ...]] = ("curve", "curve_per_week")

    @classmethod
    def fields_of(cls, given: dict[str, Any]) -> dict[str, Any]:
        fields = {**super().fields_of(given), "per_week": "curve_per_week" in given}
        if "prior_per_week" not in fields and "curves" in fields and "half_life" in fields:
            weekly = 1.0 if fields["per_week"] else LN2 / fields["half_life"] * 7.0
            fields["prior_per_week"] = best_value(fields["curves"]) * weekly
        return fields
