"""ratio: what a card says of something per something else."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from scoring.health.metrics.definition import CardProblem, CurvedDefinition, EventValue, MetricDefinition
from scoring.health.metrics.distinct.definition import Distinct
from scoring.health.metrics.keys import AT_LEAST_0, EVENTS, HALF_LIFE, WEIGHT, CardKey, ValueType, curve
from scoring.health.metrics.rate.definition import Rate

# More than one event, of which the first has faded a little.
ONE_ALONE = 1.5


class Ratio(CurvedDefinition, frozen=True, kw_only=True, tag="ratio"):
    """Decayed `events` over a decayed denominator of the same half-life: other events, or a metric by name.

    Needs `min_denominator` below the line. With `quiet_follows`, a numerator under `min_numerator` means that the
    metric follows that one's points plus `quiet_bonus`, and is available when that one is. Fewer than `min_events`
    above the line, each counting 1 and decayed, are no evidence: it reads as if there were none.
    """

    half_life: float
    weight: str | None = None
    denominator_events: tuple[str, ...] = ()
    denominator_metric: str | None = None
    min_denominator: float = 1.0
    quiet_follows: str | None = None
    quiet_bonus: float = 20.0
    min_numerator: float = 0.5
    min_events: float = 0.0

    logarithmic: ClassVar[bool] = True
    counts_activity: ClassVar[bool] = True
    about: ClassVar[str] = "Something per something else, both decayed: tickets per active seat."
    keys: ClassVar[dict[str, CardKey]] = {
        "num": CardKey(EVENTS, "The event(s) above the line.", required=True, field="events"),
        "den": CardKey(
            ValueType("metric or events"),
            "What is below the line: one word of a-z, 0-9 and _ names a metric (rate or distinct, of the same "
            "half_life); anything else, or a list, names events.",
            required=True,
        ),
        "half_life": HALF_LIFE,
        "weight": WEIGHT,
        "curve": curve("Points over the ratio: [[ratio, points], ...]."),
        "min_numerator": CardKey(AT_LEAST_0, "Less than this above the line is quiet (default 0.5)."),
        "min_denominator": CardKey(AT_LEAST_0, "Less below the line is no evidence (default 1)."),
        "min_events": CardKey(
            AT_LEAST_0, "Fewer events above the line than this, however grave, count as none (default 1.5: one alone)."
        ),
        "quiet_follows": CardKey(ValueType("metric"), "While quiet, the points follow this metric's."),
        "quiet_bonus": CardKey(ValueType("number", least=-100, most=100), "Added to what it follows (default 20)."),
    }
    key_needs: ClassVar[dict[str, tuple[str, ...]]] = {
        "quiet_bonus": ("quiet_follows",),
        "min_numerator": ("quiet_follows",),
    }

    @property
    def listens(self) -> tuple[str, ...]:
        return (*self.events, *self.denominator_events)

    @property
    def values(self) -> tuple[EventValue, ...]:
        return () if self.weight is None else (EventValue(self.events, self.weight, "number", required=False),)

    @property
    def reads(self) -> dict[str, str]:
        named = {"den": self.denominator_metric, "quiet_follows": self.quiet_follows}
        return {key: name for key, name in named.items() if name is not None}

    @classmethod
    def fields_of(cls, given: dict[str, Any]) -> dict[str, Any]:
        fields = super().fields_of(given)
        denominator = fields.pop("den")
        field = "denominator_metric" if isinstance(denominator, str) else "denominator_events"
        return {"min_events": ONE_ALONE, **fields, field: denominator}

    def problems(self, metrics: Mapping[str, MetricDefinition]) -> Iterator[CardProblem]:
        name = self.denominator_metric
        below = metrics.get(name) if name is not None else None
        if isinstance(below, Rate | Distinct):
            if below.half_life != self.half_life:
                why = f"has a half_life of {below.half_life:g}d, this one {self.half_life:g}d"
                yield CardProblem("den", f"'{name}' {why}: they must be the same, or silence would move the ratio")
        elif below is not None:
            yield CardProblem("den", f"'{name}' is a {below.kind}: only a rate or a distinct can be below the line")
        if self._follows_itself(metrics):
            yield CardProblem("quiet_follows", "follows in a circle: none has points of its own")

    def _follows_itself(self, metrics: Mapping[str, MetricDefinition]) -> bool:
        passed: set[str] = set()
        name = self.quiet_follows
        while name is not None and name not in passed:
            passed.add(name)
            followed = metrics.get(name)
            name = followed.quiet_follows if isinstance(followed, Ratio) else None
        return self.name in passed
