"""The scorecard as the core reads it: checked, with every default filled in, frozen.

Durations are days, moments elsewhere are seconds since the epoch, points are 0 to 100. `scoring.cards` makes one
of these from YAML; nothing here checks anything.
"""

from hashlib import blake2b
from typing import Literal

import msgspec
from msgspec import Struct, field

Dimension = Literal["deployment", "engagement", "adoption", "roi"]
Stage = Literal["onboarding", "adoption", "renewal", "expansion"]
DEFAULT = "default"
STAGES: tuple[Stage, ...] = ("onboarding", "adoption", "renewal", "expansion")

# Points over a value, ascending in the value, flat outside; by stage, "default" for the others.
Curve = tuple[tuple[float, float], ...]


class Metric(Struct, frozen=True, kw_only=True):
    """What every metric has. `share` is its weight inside its dimension; no `stages` means all of them."""

    name: str
    dimension: Dimension
    share: float = 1.0
    stages: tuple[Stage, ...] = ()


class Curved(Metric, frozen=True, kw_only=True):
    curves: dict[str, Curve]


class Rate(Curved, frozen=True, kw_only=True, tag="rate"):
    """A decayed count. With `per_week` the curve is over the weekly rate that would keep the count where it is.

    `weight` names a numeric property that counts instead of 1. `prior_per_week` is what a new account is given.
    """

    events: tuple[str, ...]
    half_life: float
    weight: str | None = None
    per_week: bool = False
    prior_per_week: float = 0.0


class Ratio(Curved, frozen=True, kw_only=True, tag="ratio"):
    """Decayed `events` over a decayed denominator of the same half-life: other events, or a metric by name.

    Needs `min_denominator` below the line. With `quiet_follows`, a numerator under `min_numerator` means that the
    metric follows that one's points plus `quiet_bonus`, and is available when that one is.
    """

    events: tuple[str, ...]
    half_life: float
    weight: str | None = None
    denominator_events: tuple[str, ...] = ()
    denominator_metric: str | None = None
    min_denominator: float = 1.0
    quiet_follows: str | None = None
    quiet_bonus: float = 20.0
    min_numerator: float = 0.5


class Distinct(Curved, frozen=True, kw_only=True, tag="distinct"):
    """How many different `key`s were seen, each fading from its newest sight; over `of` if given.

    `key` is "user_id" or a property. `of` is a number or "seats".
    """

    events: tuple[str, ...]
    key: str
    half_life: float
    of: float | Literal["seats"] | None = None


class Silence(Curved, frozen=True, kw_only=True, tag="silence"):
    """Suspicion phi = (now - last) / (mean gap of active days * ln 10); the mean starts as three of `prior_gap`."""

    events: tuple[str, ...]
    prior_gap: float


class Gauge(Curved, frozen=True, kw_only=True, tag="gauge"):
    """The last answer, or with `key` the last of each person, read together.

    `value` is a property, or "arr/arr_peak_12m". Points hold for `hold`, then fade to `neutral` until `ttl` (None:
    never).
    """

    events: tuple[str, ...]
    value: str = "value"
    key: str | None = None
    read: Literal["last", "mean", "net_promoter"] = "last"
    hold: float = 0.0
    ttl: float | None = None
    neutral: float = 60.0


class Milestone(Metric, frozen=True, kw_only=True, tag="milestone"):
    """Steps that are due: 100 until then, falling to 0 over `grace`; done is 100.

    `steps` are due this many days after the account's start; `planned` takes any step that `milestone.planned` names
    and no card does.
    """

    steps: dict[str, float] = field(default_factory=dict)
    planned: bool = False
    grace: float = 14.0


AnyMetric = Rate | Ratio | Distinct | Silence | Gauge | Milestone


class When(Struct, frozen=True):
    """A flag that derives from a metric's value."""

    metric: str
    op: Literal[">=", ">", "<=", "<"]
    value: float


class Flag(Struct, frozen=True, kw_only=True):
    """While it is up the score is at most `cap`, which rises to 100 over `ttl` days (None: stays)."""

    name: str
    cap: float
    events: tuple[str, ...] = ()
    clear_on: tuple[str, ...] = ()
    ttl: float | None = None
    when: When | None = None


class Bands(Struct, frozen=True, kw_only=True):
    """Red below `red`, yellow below `yellow`; left again only at the line plus `hysteresis`.

    A worsening that came by silence or cost less than 5 points is told only after `min_duration` days.
    """

    red: float
    yellow: float
    hysteresis: float = 8.0
    min_duration: float = 2.0


class Outcome(Struct, frozen=True, kw_only=True):
    """Something decided (renewed, churned, goal reached): told as it is, moves no score."""

    name: str
    events: tuple[str, ...]


class Card(Struct, frozen=True, kw_only=True):
    version: int
    metrics: tuple[AnyMetric, ...]
    weights: dict[Stage, dict[Dimension, float]]
    bands: dict[str, Bands]
    flags: tuple[Flag, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    default_stage: Stage = "adoption"
    reference: float = 100.0
    min_coverage: float = 0.5


def fingerprint(definition: AnyMetric | Flag) -> str:
    """Names a definition by its content, so that a state outlives every card change that leaves it alone."""
    return blake2b(msgspec.json.encode(definition, order="sorted"), digest_size=6).hexdigest()


def card_id(card: Card, versions: dict[str, str]) -> str:
    """Names a card with the versions of the calendars that it is read with."""
    return blake2b(msgspec.json.encode([card, versions], order="sorted"), digest_size=8).hexdigest()
