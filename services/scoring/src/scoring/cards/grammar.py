"""The format of a scorecard, key by key. Each kind of metric declares its own keys in its `definition.py`.

The loader reads by this format and the editors' JSON Schema is printed from it.
"""

from collections.abc import Mapping
from typing import Any, get_args

from common.documents.mapping_rules import KeyRule, MappingByKind, MappingRule
from common.documents.value_rules import (
    NAME,
    Boolean,
    Choice,
    Duration,
    ListOf,
    NamedValues,
    Number,
    OneOrListOf,
    PatternText,
)
from scoring.cards.curves import Curves
from scoring.cards.value_formats import (
    EVENT,
    Comparison,
    DurationOrMapping,
    MetricOrEvents,
    NumberOrWord,
    PropertyOrWord,
)
from scoring.health import STAGES
from scoring.health.metric_kinds import KINDS
from scoring.health.metrics.definition import DEFAULT, CurvedDefinition, Dimension, MetricDefinition, kind_of
from scoring.health.metrics.keys import CardKey, ValueType

VERSION = 1
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

_EVENTS = OneOrListOf(PatternText(EVENT, "the name of an event, such as report.created"))
_AT_LEAST_0 = Number(least=0)
_POINTS = Number(least=0, most=100)


def _metric(definition: type[MetricDefinition]) -> MappingRule:
    """The keys of one kind of metric. The kind declares its own in its `definition.py`."""
    common = {
        "kind": KeyRule(Choice((kind_of(definition),)), definition.about, required=True),
        "dimension": KeyRule(Choice(DIMENSIONS), "Which of the four questions it answers.", required=True),
        "share": KeyRule(_AT_LEAST_0, "Its weight among the metrics of its dimension (default 1)."),
        "stages": KeyRule(ListOf(Choice(STAGES)), "The stages in which it counts (default: all)."),
    }
    logarithmic = issubclass(definition, CurvedDefinition) and definition.logarithmic
    own = _key_rules(definition.keys, logarithmic)
    return MappingRule(common | own, definition.about, definition.one_of, definition.key_needs)


def _key_rules(keys: Mapping[str, CardKey], logarithmic: bool) -> dict[str, KeyRule]:
    return {
        name: KeyRule(_shape(key.value, logarithmic), key.about, key.required, key.field) for name, key in keys.items()
    }


def _shape(value: ValueType, logarithmic: bool) -> Any:
    """What reads a value of this type."""
    match value.form:
        case "choice":
            return Choice(value.words)
        case "curve":
            return Curves(logarithmic, value.least)
        case "duration" | "duration or never":
            return Duration(never=value.form == "duration or never")
        case "events":
            return _EVENTS
        case "metric":
            return PatternText(NAME, "the name of a metric")
        case "metric or events":
            return MetricOrEvents()
        case "number":
            return Number(least=value.least, most=value.most)
        case "number or word":
            return NumberOrWord(value.words[0])
        case "property":
            return PatternText(EVENT, "the name of a property")
        case "property or word":
            return PropertyOrWord(value.words[0])
        case "steps":
            return NamedValues(DurationOrMapping("due", MappingRule(_key_rules(value.keys, logarithmic))))
        case "switch":
            return Boolean()


METRICS = MappingByKind(
    {kind_of(definition): _metric(definition) for definition in KINDS},
    about="How the metric is computed.",
    later=("trend",),
)

FLAG = MappingRule(
    {
        "event": KeyRule(_EVENTS, "The event(s) that raise it.", to="events"),
        "when": KeyRule(Comparison(), "A metric and a line, such as silence >= 3; up while that holds."),
        "cap": KeyRule(Number(least=0, most=99.99), "While it is up the score is at most this.", required=True),
        "ttl": KeyRule(Duration(never=True), "The cap rises to 100 over this time; or never."),
        "clear_on": KeyRule(_EVENTS, "The event(s) that take it down."),
    },
    about="A fact that heavy usage must not hide: it caps the score.",
    one_of=("event", "when"),
    needs={"event": ("ttl",), "ttl": ("event",), "clear_on": ("event",)},
)

OUTCOME = MappingRule({"event": KeyRule(_EVENTS, "The event(s) that decide it.", required=True, to="events")})

WEIGHTS = NamedValues(_AT_LEAST_0, names=DIMENSIONS)

_BAND_KEYS = {
    "red": KeyRule(_POINTS, "Red below this."),
    "yellow": KeyRule(_POINTS, "Yellow below this, green from it on."),
    "hysteresis": KeyRule(_POINTS, "A band is left only this far above its line (default 8)."),
    "min_duration": KeyRule(Duration(), "A slow worsening must last this long before it is told (default 2d)."),
}
BANDS = MappingRule(_BAND_KEYS, about="Fields that a stage leaves out are those of default.")

CARD = MappingRule(
    {
        "version": KeyRule(Choice((VERSION,)), "The version of this format.", required=True),
        "metrics": KeyRule(NamedValues(METRICS), "What is watched, by name.", required=True),
        "flags": KeyRule(NamedValues(FLAG), "What caps the score, by name."),
        "outcomes": KeyRule(NamedValues(OUTCOME), "What was decided (churned, renewed): told, moves no score."),
        "weights": KeyRule(
            NamedValues(WEIGHTS, names=(*STAGES, DEFAULT)),
            "How much each dimension weighs, by stage; default is for stages that are not named.",
            required=True,
        ),
        "bands": KeyRule(
            NamedValues(BANDS, names=(*STAGES, DEFAULT), required=(DEFAULT,)),
            "Where red and yellow begin, by stage.",
            required=True,
        ),
        "default_stage": KeyRule(Choice(STAGES), "Of accounts whose stage is not known (default adoption)."),
        "reference": KeyRule(_POINTS, "The score that receipts are told against (default 100)."),
        "min_coverage": KeyRule(Number(least=0, most=1), "Below it: insufficient data (default 0.5)."),
    },
    about="A scorecard: what is watched, how it becomes points, and when somebody hears of it.",
    later=("clock",),
)
