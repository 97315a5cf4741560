"""The kinds of metrics: what a card says of each, and, in KINDS, what computes it.

A new kind is a file in `metrics/` and, here, its definition and its line in KINDS. Durations are days.
"""

from collections.abc import Callable
from typing import Any, ClassVar, Literal

from msgspec import Struct, field

from scoring.health.context import STAGES, Stage
from scoring.health.curve import Curve
from scoring.health.metrics.distinct import DistinctMetric
from scoring.health.metrics.gauge import GaugeMetric
from scoring.health.metrics.metric import Metric, Setting
from scoring.health.metrics.milestone import PLANNED, REACHED, MilestoneMetric
from scoring.health.metrics.peak import PeakMetric
from scoring.health.metrics.rate import RateMetric
from scoring.health.metrics.ratio import RatioMetric
from scoring.health.metrics.silence import SilenceMetric

Dimension = Literal["deployment", "engagement", "adoption", "roi"]
DEFAULT = "default"
ARR_AGAINST_PEAK = "arr/arr_peak_12m"

# (value, points), ascending in value; flat outside.
Knots = tuple[tuple[float, float], ...]


class MetricDefinition(Struct, frozen=True, kw_only=True):
    """What every metric has. `share` is its weight inside its dimension; no `stages` means all of them."""

    name: str
    dimension: Dimension
    share: float = 1.0
    stages: tuple[Stage, ...] = ()

    @property
    def listens(self) -> tuple[str, ...]:
        """The names of the events that it is fed."""
        raise NotImplementedError

    @property
    def needs(self) -> tuple[str, ...]:
        """The names of the metrics that it reads."""
        return ()


class CurvedDefinition(MetricDefinition, frozen=True, kw_only=True):
    """Points over a value, by stage; "default" is for the other stages. `logarithmic` curves run over its logarithm."""

    curves: dict[str, Knots]
    events: tuple[str, ...]

    logarithmic: ClassVar[bool] = False

    @property
    def listens(self) -> tuple[str, ...]:
        return self.events


class Rate(CurvedDefinition, frozen=True, kw_only=True, tag="rate"):
    """A decayed count. With `per_week` the curve is over the weekly rate that would keep the count where it is.

    `weight` names a numeric property that counts instead of 1. `prior_per_week` is what a new account is given.
    """

    half_life: float
    weight: str | None = None
    per_week: bool = False
    prior_per_week: float = 0.0

    logarithmic: ClassVar[bool] = True


class Ratio(CurvedDefinition, frozen=True, kw_only=True, tag="ratio"):
    """Decayed `events` over a decayed denominator of the same half-life: other events, or a metric by name.

    Needs `min_denominator` below the line. With `quiet_follows`, a numerator under `min_numerator` means that the
    metric follows that one's points plus `quiet_bonus`, and is available when that one is.
    """

    half_life: float
    weight: str | None = None
    denominator_events: tuple[str, ...] = ()
    denominator_metric: str | None = None
    min_denominator: float = 1.0
    quiet_follows: str | None = None
    quiet_bonus: float = 20.0
    min_numerator: float = 0.5

    logarithmic: ClassVar[bool] = True

    @property
    def listens(self) -> tuple[str, ...]:
        return (*self.events, *self.denominator_events)

    @property
    def needs(self) -> tuple[str, ...]:
        return tuple(name for name in (self.denominator_metric, self.quiet_follows) if name is not None)


class Distinct(CurvedDefinition, frozen=True, kw_only=True, tag="distinct"):
    """How many different `key`s were seen, each decaying from when it was seen last; over `of` if given.

    `key` is "user_id" or a property. `of` is a number or "seats".
    """

    key: str
    half_life: float
    of: float | Literal["seats"] | None = None

    logarithmic: ClassVar[bool] = True


class Silence(CurvedDefinition, frozen=True, kw_only=True, tag="silence"):
    """Suspicion phi = (now - last) / (mean gap of active days * ln 10); the mean starts as three of `prior_gap`."""

    prior_gap: float


class Gauge(CurvedDefinition, frozen=True, kw_only=True, tag="gauge"):
    """The last answer, or with `key` the last of each person, read together.

    `value` is a property, or "arr/arr_peak_12m". Points hold for `hold`, then fade to `neutral` until `ttl` (None:
    never).
    """

    value: str = "value"
    key: str | None = None
    read: Literal["last", "mean", "net_promoter"] = "last"
    hold: float = 0.0
    ttl: float | None = None
    neutral: float = 60.0


class Milestone(MetricDefinition, frozen=True, kw_only=True, tag="milestone"):
    """Steps that are due: 100 until then, falling to 0 over `grace`; done is 100.

    `steps` are due this many days after the account's start; `planned` takes any step that `milestone.planned` names
    and no card does.
    """

    steps: dict[str, float] = field(default_factory=dict)
    planned: bool = False
    grace: float = 14.0

    @property
    def listens(self) -> tuple[str, ...]:
        return (PLANNED, REACHED)


def gauge(definition: Gauge, index: int, curves: list[Curve], setting: Setting) -> Metric:
    kind = PeakMetric if definition.value == ARR_AGAINST_PEAK else GaugeMetric
    return kind(definition, index, curves, setting)


AnyMetric = Rate | Ratio | Distinct | Silence | Gauge | Milestone

KINDS: dict[type[MetricDefinition], Callable[[Any, int, list[Curve], Setting], Metric]] = {
    Rate: RateMetric,
    Ratio: RatioMetric,
    Distinct: DistinctMetric,
    Silence: SilenceMetric,
    Gauge: gauge,
    Milestone: MilestoneMetric,
}


def curves_of(definition: MetricDefinition) -> list[Curve]:
    """By stage, in the order of STAGES; empty for a metric without curves."""
    if not isinstance(definition, CurvedDefinition):
        return []
    by_stage = [definition.curves.get(stage) or definition.curves[DEFAULT] for stage in STAGES]
    return [Curve(knots, logarithmic=definition.logarithmic) for knots in by_stage]
