"""The scorecard as the core reads it: checked, with every default filled in, frozen.

Durations are days, moments elsewhere are seconds since the epoch, points are 0 to 100. `scoring.cards` makes one of
these from YAML; nothing here checks anything.
"""

from hashlib import blake2b
from typing import Literal

import msgspec
from msgspec import Struct

from scoring.health.calendar.definition import CalendarRules
from scoring.health.context import Stage
from scoring.health.metrics.definition import Dimension, MetricDefinition


class When(Struct, frozen=True):
    """A flag that derives from a metric's value."""

    metric: str
    op: Literal[">=", ">", "<=", "<"]
    value: float


class Where(Struct, frozen=True):
    """What a numeric property of an event must be for the event to raise a flag."""

    property: str
    op: Literal[">=", ">", "<=", "<"]
    value: float


# The cap of a flag that has none.
UNCAPPED = 100.0


class Flag(Struct, frozen=True, kw_only=True):
    """While it is up the score is at most `cap`, which rises to 100 over `ttl` days (None: stays).

    `key` names what each event is about (an invoice, a ticket): the flag is up while one of these is open. An event
    that is not as `raised_if` says takes the flag down for its key. A derived flag with a `hold` is told, and shown,
    only when its condition has lasted for so many days. A flag that is not told (`tell`) is shown and counted.
    """

    name: str
    cap: float = UNCAPPED
    events: tuple[str, ...] = ()
    clear_on: tuple[str, ...] = ()
    ttl: float | None = None
    when: When | None = None
    # Left out of the fingerprint of a flag that has none, so that its state outlives this.
    key: str | msgspec.UnsetType = msgspec.UNSET
    raised_if: Where | msgspec.UnsetType = msgspec.UNSET
    hold: float | msgspec.UnsetType = msgspec.UNSET
    tell: bool | msgspec.UnsetType = msgspec.UNSET


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


class Expansion(Struct, frozen=True, kw_only=True):
    """An account is ready for expansion while all of `when` hold, and counts as that after `min_duration` days.

    It stops being ready where a value is beyond its bound by the share `hysteresis` (0 to 1) of that.
    """

    when: tuple[When, ...]
    hysteresis: float = 0.1
    min_duration: float = 14.0


class Journey(Struct, frozen=True, kw_only=True):
    """Stages by dates and deeds. The renewal window is `renewal_window` days long (None: there is none).

    `value` is the milestone step with which a customer has first value.
    """

    renewal_window: float | None = 90.0
    expansion: Expansion | None = None
    value: str | None = None


class Card(Struct, frozen=True, kw_only=True):
    """A fall of ARR by the share `contraction` (0 to 1) or more is a signal of its own; 0: by any.

    `tiers` are the ARR from which an account is of each tier, unless its tier was posted. `clock` says how much each
    day counts; without it operational time is UTC.
    """

    version: int
    metrics: tuple[MetricDefinition, ...]
    weights: dict[Stage, dict[Dimension, float]]
    bands: dict[str, Bands]
    flags: tuple[Flag, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    default_stage: Stage = "adoption"
    reference: float = 100.0
    min_coverage: float = 0.5
    contraction: float = 0.2
    # Left out of the id of a card that has none.
    tiers: dict[str, float] | msgspec.UnsetType = msgspec.UNSET
    # Left out of the id of a card that has none.
    clock: CalendarRules | msgspec.UnsetType = msgspec.UNSET
    # As are the stages by dates and deeds.
    journey: Journey | msgspec.UnsetType = msgspec.UNSET

    @property
    def journey_or_none(self) -> Journey | None:
        return self.journey if isinstance(self.journey, Journey) else None


def fingerprint(definition: MetricDefinition | Flag) -> str:
    """Names a definition by its content, so that a state outlives every card change that leaves it alone."""
    return blake2b(msgspec.json.encode(definition, order="sorted"), digest_size=6).hexdigest()


def card_id(card: Card, versions: dict[str, str]) -> str:
    """Names a card with the versions of the calendars that it is read with."""
    return blake2b(msgspec.json.encode([card, versions], order="sorted"), digest_size=8).hexdigest()
