"""The format of a scorecard, key by key. Each kind of metric declares its own keys in its `definition.py`.

The loader reads by this format and the editors' JSON Schema is printed from it.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, TypeVar, Union, get_args

from pydantic import AfterValidator, Field, PlainValidator, create_model
from pydantic_core import PydanticCustomError

from common.documents.error_texts import describe, invalid, wrong
from common.documents.findings import did_you_mean
from common.documents.json_schema import JsonSchema
from common.documents.model import DocumentModel
from common.documents.value_types import (
    NAME,
    Days,
    DaysOrNever,
    DistinctList,
    Entry,
    FormatVersion,
    Given,
    by_shape,
    choice,
    given,
    text,
)
from scoring.cards.clock import ClockEntry
from scoring.cards.curves import curves_type
from scoring.cards.value_formats import (
    PROPERTY,
    Comparison,
    Condition,
    Events,
    MetricOrEvents,
    number_or_word,
    property_or_word,
)
from scoring.health import STAGES, Stage
from scoring.health.metric_kinds import KINDS
from scoring.health.metrics.definition import DEFAULT, CurvedDefinition, Dimension, MetricDefinition, kind_of
from scoring.health.metrics.keys import CardKey, ValueType

T = TypeVar("T")
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

_Name = Annotated[str, text(NAME, "a name of a-z, 0-9 and _, beginning with a letter")]
_Named = Annotated[dict[Entry[_Name], Entry[T]], Field(min_length=1, max_length=64)]
_AtLeast0 = Annotated[float, Field(ge=0, le=1e12)]
_Points = Annotated[float, Field(ge=0, le=100)]
# As the event catalogue takes the tiers that are posted.
_TierName = Annotated[str, text(r"^[a-z][a-z0-9_-]{0,63}$", "a word in small letters, such as high or low")]
_Tiers = Annotated[dict[Entry[_TierName], Entry[_AtLeast0]], Field(min_length=1, max_length=16)]


def _value_type(value: ValueType, logarithmic: bool) -> Any:
    """What reads a value of this type."""
    match value.form:
        case "choice":
            return Annotated[str, choice(*value.words)]
        case "curve":
            return curves_type(logarithmic=logarithmic, least=value.least)
        case "duration":
            return Days
        case "duration or never":
            return DaysOrNever
        case "events":
            return Events
        case "metric":
            return Annotated[str, text(NAME, "the name of a metric")]
        case "metric or events":
            return MetricOrEvents
        case "number":
            return Annotated[float, Field(ge=value.least, le=value.most)]
        case "number or word":
            return number_or_word(value.words[0])
        case "property":
            return Annotated[str, text(PROPERTY, "the name of a property")]
        case "property or word":
            return property_or_word(value.words[0])
        case "steps":
            step: Any = _step(value.keys)
            return _Named[step]
        case "switch":
            return bool


def _step(keys: Mapping[str, CardKey]) -> Any:
    """What a mapping has, or the value of `due` without the mapping."""
    model: Any = create_model("step", __base__=DocumentModel, **_fields(keys, logarithmic=False))
    mapping = Annotated[model, AfterValidator(DocumentModel.fields_given)]
    alone = Annotated[Days, AfterValidator(lambda due: {"due": due})]
    return Annotated[dict[str, Any], by_shape(dict, mapping, alone)]


class MetricEntry(DocumentModel):
    kind: str
    dimension: Annotated[Dimension, choice(*DIMENSIONS)] = Field(description="Which of the four questions it answers.")
    share: _AtLeast0 = Field(1.0, description="Its weight among the metrics of its dimension (default 1).")
    stages: DistinctList[Annotated[Stage, choice(*STAGES)]] = Field(
        (), description="The stages in which it counts (default: all)."
    )
    optional: bool = Field(
        False, description="It has no points before its first event, and is no missing evidence then (default false)."
    )


def _fields(keys: Mapping[str, CardKey], logarithmic: bool) -> dict[str, Any]:
    fields = {}
    for name, key in keys.items():
        value = _value_type(key.value, logarithmic)
        required = (value, Field(description=key.about))
        fields[name] = required if key.required else (given(value), Field(None, description=key.about))
    return fields


def _metric_model(definition: type[MetricDefinition]) -> type[MetricEntry]:
    """The keys of one kind of metric. The kind declares its own in its `definition.py`."""
    kind = kind_of(definition)
    logarithmic = issubclass(definition, CurvedDefinition) and definition.logarithmic
    own = _fields(definition.keys, logarithmic)
    own["kind"] = (Annotated[str, choice(kind)], Field(description=definition.about))
    model = create_model(kind, __base__=MetricEntry, __doc__=definition.about, **own)
    model.one_of, model.needs = definition.one_of, definition.key_needs
    return model


METRICS = {kind_of(definition): _metric_model(definition) for definition in KINDS}


def _metric(value: object) -> MetricEntry:
    if not isinstance(value, dict):
        raise PydanticCustomError("model_type", "not a mapping")
    if "kind" not in value:
        raise ValueError(f"'kind' is missing: one of {', '.join(METRICS)}")
    kind = value["kind"]
    model = METRICS.get(kind) if isinstance(kind, str) else None
    if model is not None:
        return model.model_validate(value)
    near = did_you_mean(kind, tuple(METRICS)) if isinstance(kind, str) else ""
    why = f"unknown kind {describe(kind)}{near or ', known: ' + ', '.join(METRICS)}"
    raise invalid(wrong(why, kind, "kind"))


def _by_kind(schema: JsonSchema) -> None:
    """With if/then instead of anyOf an editor reports errors of the selected kind only."""
    models = dict(zip(METRICS, schema.pop("anyOf"), strict=True))
    schema |= {
        "type": "object",
        "properties": {"kind": {"enum": list(METRICS), "description": "How the metric is computed."}},
        "required": ["kind"],
        "allOf": [
            {"if": {"properties": {"kind": {"const": kind}}, "required": ["kind"]}, "then": model}
            for kind, model in models.items()
        ],
    }


_Metric = Annotated[
    MetricEntry,
    PlainValidator(_metric, json_schema_input_type=Union[tuple(METRICS.values())]),  # noqa: UP007 (of a tuple)
    Field(json_schema_extra=_by_kind),
]


class FlagEntry(DocumentModel):
    """A fact that heavy usage must not hide: it is told, and may cap the score."""

    one_of: ClassVar[tuple[str, ...]] = ("event", "when")
    needs: ClassVar[Mapping[str, tuple[str, ...]]] = {
        "event": ("ttl",),
        "ttl": ("event",),
        "clear_on": ("event",),
        "key": ("event",),
        "where": ("event",),
        "for": ("when",),
    }

    events: Events = Field((), alias="event", description="The event(s) that raise it.")
    when: Given[Comparison] = Field(None, description="A metric and a line, such as silence >= 3; up while that holds.")
    cap: Given[Annotated[float, Field(ge=0, le=99.99)]] = Field(
        None, description="While it is up the score is at most this (default: it moves no score)."
    )
    ttl: DaysOrNever = Field(None, description="The cap rises to 100 over this time; or never.")
    clear_on: Events = Field((), description="The event(s) that take it down.")
    key: Given[Annotated[str, text(PROPERTY, "the name of a property")]] = Field(
        None, description="What each event is about, such as invoice: the flag is up while one of them is open."
    )
    raised_if: Given[Condition] = Field(
        None,
        alias="where",
        description="Only events with such a property raise it, such as score <= 6; any other takes it down.",
    )
    hold: Given[Days] = Field(
        None, alias="for", description="It is up only when that has lasted so long (of a flag without a cap)."
    )
    tell: bool = Field(True, description="false: it is shown and counted, but never told (default true).")


class ExpansionEntry(DocumentModel):
    """When an account is ready for expansion."""

    when: DistinctList[Comparison] = Field(
        description="Metrics and lines, such as active_seats >= 0.9: ready while all of them hold."
    )
    hysteresis: Annotated[float, Field(ge=0, le=1)] = Field(
        0.1, description="Ready until a value is beyond its line by this share of it (default 0.1)."
    )
    min_duration: Days = Field(14.0, description="For how long they must hold before it counts (default 14d).")


class JourneyEntry(DocumentModel):
    """Stages by dates and deeds, where nobody has posted one."""

    renewal_window: DaysOrNever = Field(
        90.0, description="So long before the end of its contract an account is in renewal (default 90d); or never."
    )
    expansion: Given[ExpansionEntry] = Field(
        None, description="When an account counts as in expansion; without this never by itself."
    )
    value: Given[Annotated[str, text(NAME, "a milestone step")]] = Field(
        None, description="The milestone step that is first value: that it is reached is told once."
    )


class OutcomeEntry(DocumentModel):
    events: Events = Field(alias="event", description="The event(s) that decide it.")


class BandsEntry(DocumentModel):
    """Fields that a stage leaves out are those of default."""

    red: Given[_Points] = Field(None, description="Red below this.")
    yellow: Given[_Points] = Field(None, description="Yellow below this, green from it on.")
    hysteresis: Given[_Points] = Field(None, description="A band is left only this far above its line (default 8).")
    min_duration: Given[Days] = Field(
        None, description="A slow worsening must last this long before it is told (default 2d)."
    )


_Weights = dict[Entry[Annotated[Dimension, choice(*DIMENSIONS)]], Entry[_AtLeast0]]
_ByStage = Annotated[
    dict[Entry[Annotated[str, choice(*STAGES, DEFAULT)]], Entry[T]], Field(min_length=1, max_length=64)
]


class CardFile(DocumentModel):
    """A scorecard: what is watched, how it becomes points, and when somebody hears of it."""

    version: FormatVersion = Field(description="The version of this format.")
    metrics: _Named[_Metric] = Field(description="What is watched, by name.")
    flags: _Named[FlagEntry] = Field({}, description="What is told by itself, and may cap the score, by name.")
    outcomes: _Named[OutcomeEntry] = Field({}, description="What was decided (churned, renewed): told, moves no score.")
    weights: _ByStage[_Weights] = Field(
        description="How much each dimension weighs, by stage; default is for stages that are not named."
    )
    bands: _ByStage[BandsEntry] = Field(
        description="Where red and yellow begin, by stage.", json_schema_extra={"required": [DEFAULT]}
    )
    default_stage: Annotated[Stage, choice(*STAGES)] = Field(
        "adoption", description="Of accounts whose stage is not known (default adoption)."
    )
    reference: _Points = Field(100.0, description="The score that receipts are told against (default 100).")
    min_coverage: Annotated[float, Field(ge=0, le=1)] = Field(
        0.5, description="Below it: insufficient data (default 0.5)."
    )
    tiers: Given[_Tiers] = Field(
        None, description="The ARR from which an account is of each tier, unless one is posted; below all of them tech."
    )
    journey: Given[JourneyEntry] = Field(
        None, description="Stages by dates and deeds, where nobody has posted one; without this there are none."
    )
    contraction: Annotated[float, Field(ge=0, le=1)] = Field(
        0.2, description="A fall of ARR by this share is told (default 0.2)."
    )
    clock: Given[ClockEntry] = Field(
        None, description="How much each day counts for decay and silence; without it all count alike."
    )
