"""gauge: what a card says of an answer or a measurement."""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Literal

from scoring.health.facts import ARR_EVENTS
from scoring.health.metrics.definition import CardProblem, CurvedDefinition, EventValue, MetricDefinition
from scoring.health.metrics.keys import DURATION, EVENT, POINTS, PROPERTY, CardKey, ValueType, curve

# As `value`: the only quotient that gauges know.
ARR_AGAINST_PEAK = "arr/arr_peak_12m"


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

    can_retract: ClassVar[bool] = True
    about: ClassVar[str] = "What was last said or measured; it holds, then fades to neutral."
    keys: ClassVar[dict[str, CardKey]] = {
        "event": EVENT,
        "value": CardKey(
            ValueType("property or word", words=(ARR_AGAINST_PEAK,)),
            "The property to read (default value), or arr/arr_peak_12m.",
        ),
        "key": CardKey(PROPERTY, "Keep the last value of each (user_id), read together."),
        "read": CardKey(
            ValueType("choice", words=("last", "mean", "net_promoter")), "How; with key: mean or net_promoter."
        ),
        "curve": curve("Points over the value: [[-100, 0], [70, 100]]."),
        "hold": CardKey(DURATION, "This long it counts in full (default: fades at once)."),
        "ttl": CardKey(ValueType("duration or never"), "From then on it is neutral; or never.", required=True),
        "neutral": CardKey(POINTS, "The points of an answer that is too old (default 60)."),
    }
    key_needs: ClassVar[dict[str, tuple[str, ...]]] = {"key": ("read",)}

    @property
    def values(self) -> tuple[EventValue, ...]:
        value = "arr" if self.value == ARR_AGAINST_PEAK else self.value
        # A change of a contract need not be one of its amount.
        read = EventValue(self.events, value, "number", required=self.value != ARR_AGAINST_PEAK)
        return (read,) if self.key is None else (read, EventValue(self.events, self.key, "key"))

    @property
    def listens(self) -> tuple[str, ...]:
        # What a contract is worth is one fact, whichever event brings it.
        return tuple(sorted({*self.events, *ARR_EVENTS})) if self.value == ARR_AGAINST_PEAK else self.events

    def problems(self, metrics: Mapping[str, MetricDefinition]) -> Iterator[CardProblem]:
        if self.ttl is None and self.hold:
            yield CardProblem("hold", "has no effect with ttl: never", warning=True)
        if self.ttl is not None and self.hold >= self.ttl:
            yield CardProblem("hold", f"must be shorter than ttl ({self.ttl:g}d)")
        if self.key is None and self.read != "last":
            yield CardProblem("read", f"'{self.read}' needs a 'key': whose last answers are read together")
        if self.key is not None and self.read == "last":
            yield CardProblem("read", "with a 'key' must be mean or net_promoter")
        if self.key is not None and "/" in self.value:
            yield CardProblem("key", f"'{self.value}' is of the account, it has no 'key'")
