"""The format of a scorecard, key by key: the one place that says what may be written.

The loader reads by it and the editors' JSON Schema is printed from it.
"""

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
from scoring.cards.special import EVENT, Comparison, Denominator, Measured, Of
from scoring.health.context import STAGES
from scoring.health.kinds import DEFAULT, Dimension

VERSION = 1
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

_EVENTS = OneOrListOf(PatternText(EVENT, "the name of an event, such as report.created"))
_PROPERTY = PatternText(EVENT, "the name of a property")
_METRIC = PatternText(NAME, "the name of a metric")
_AT_LEAST_0 = Number(least=0)
_POINTS = Number(least=0, most=100)

_EVENT = KeyRule(_EVENTS, "The event(s) that count, such as session.started.", required=True, to="events")
_HALF_LIFE = KeyRule(Duration(), "After this long an event counts half.", required=True)
_WEIGHT = KeyRule(_PROPERTY, "A numeric property of the event that counts instead of 1.")


def _curve(logarithmic: bool, about: str, *, least: float | None = None, required: bool = True) -> KeyRule:
    return KeyRule(Curves(logarithmic, least), about, required=required, to="curves")


def _metric(kind: str, about: str, keys: dict[str, KeyRule], **conditions: Any) -> MappingRule:
    common = {
        "kind": KeyRule(Choice((kind,)), about, required=True),
        "dimension": KeyRule(Choice(DIMENSIONS), "Which of the four questions it answers.", required=True),
        "share": KeyRule(_AT_LEAST_0, "Its weight among the metrics of its dimension (default 1)."),
        "stages": KeyRule(ListOf(Choice(STAGES)), "The stages in which it counts (default: all)."),
    }
    return MappingRule(common | keys, about=about, **conditions)


METRICS = MappingByKind(
    {
        "rate": _metric(
            "rate",
            "How often something happens: a count that halves with every half-life of silence.",
            {
                "event": _EVENT,
                "half_life": _HALF_LIFE,
                "weight": _WEIGHT,
                "curve": _curve(True, "Points over the count: [[count, points], ...].", required=False),
                "curve_per_week": _curve(
                    True, "Points over the weekly rate: [[times a week, points], ...].", required=False
                ),
                "prior_per_week": KeyRule(
                    _AT_LEAST_0, "The weekly rate that a new account is given; it fades by the half-life."
                ),
            },
            one_of=("curve", "curve_per_week"),
        ),
        "ratio": _metric(
            "ratio",
            "Something per something else, both decayed: tickets per active seat.",
            {
                "num": KeyRule(_EVENTS, "The event(s) above the line.", required=True, to="events"),
                "den": KeyRule(Denominator(), Denominator.ABOUT, required=True),
                "half_life": _HALF_LIFE,
                "weight": _WEIGHT,
                "curve": _curve(True, "Points over the ratio: [[ratio, points], ...]."),
                "min_numerator": KeyRule(_AT_LEAST_0, "Less than this above the line is quiet (default 0.5)."),
                "min_denominator": KeyRule(_AT_LEAST_0, "Less below the line is no evidence (default 1)."),
                "quiet_follows": KeyRule(_METRIC, "While quiet, the points follow this metric's."),
                "quiet_bonus": KeyRule(Number(least=-100, most=100), "Added to what it follows (default 20)."),
            },
            needs={"quiet_bonus": ("quiet_follows",), "min_numerator": ("quiet_follows",)},
        ),
        "distinct": _metric(
            "distinct",
            "How many different people or things were seen, each fading from its newest sight.",
            {
                "event": _EVENT,
                "key": KeyRule(_PROPERTY, "What is told apart: user_id, or a property.", required=True),
                "half_life": _HALF_LIFE,
                "of": KeyRule(Of(), "Read as a share of this: a number, or seats (of the account's facts)."),
                "curve": _curve(True, "Points over the number, or over the share: [[0.5, 50], ...]."),
            },
        ),
        "silence": _metric(
            "silence",
            "How unlikely this silence is by the account's own rhythm: 1 is one in ten, 3 one in a thousand.",
            {
                "event": _EVENT,
                "prior_gap": KeyRule(
                    Duration(),
                    "The gap between active days that a new account is given.",
                    required=True,
                ),
                "curve": _curve(False, "Points over the suspicion: [[0.5, 100], [3, 0]].", least=0),
            },
        ),
        "gauge": _metric(
            "gauge",
            "What was last said or measured; it holds, then fades to neutral.",
            {
                "event": _EVENT,
                "value": KeyRule(
                    Measured(),
                    "The property to read (default value), or arr/arr_peak_12m.",
                ),
                "key": KeyRule(_PROPERTY, "Keep the last value of each (user_id), read together."),
                "read": KeyRule(Choice(("last", "mean", "net_promoter")), "How; with key: mean or net_promoter."),
                "curve": _curve(False, "Points over the value: [[-100, 0], [70, 100]]."),
                "hold": KeyRule(Duration(), "This long it counts in full (default: fades at once)."),
                "ttl": KeyRule(Duration(never=True), "From then on it is neutral; or never.", required=True),
                "neutral": KeyRule(_POINTS, "The points of an answer that is too old (default 60)."),
            },
            needs={"key": ("read",)},
        ),
        "milestone": _metric(
            "milestone",
            "Steps that are due: 100 until then, falling to 0 over the grace; done is 100.",
            {
                "steps": KeyRule(NamedValues(Duration()), "Steps and when they are due after the account's start."),
                "planned": KeyRule(Boolean(), "Take the steps that milestone.planned names, too."),
                "grace": KeyRule(Duration(), "From due to 0 points (default 14d)."),
            },
        ),
    },
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
