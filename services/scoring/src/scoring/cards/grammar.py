"""The format of a scorecard, key by key: the one place that says what may be written.

The loader reads by it and the editors' JSON Schema is printed from it.
"""

from typing import Any, get_args

from common.documents.records import ByKind, Key, Record
from common.documents.shapes import (
    NAME,
    Choice,
    Duration,
    Many,
    Named,
    Number,
    OneOrMany,
    Switch,
    Word,
)
from scoring.cards.curves import Curves
from scoring.cards.special import EVENT, Comparison, Denominator, Measured, Of
from scoring.health.context import STAGES
from scoring.health.kinds import DEFAULT, Dimension

VERSION = 1
DIMENSIONS: tuple[Dimension, ...] = get_args(Dimension)

_EVENTS = OneOrMany(Word(EVENT, "the name of an event, such as report.created"))
_PROPERTY = Word(EVENT, "the name of a property")
_METRIC = Word(NAME, "the name of a metric")
_AT_LEAST_0 = Number(least=0)
_POINTS = Number(least=0, most=100)

_EVENT = Key(_EVENTS, "The event(s) that count, such as session.started.", required=True, to="events")
_HALF_LIFE = Key(Duration(), "After this long an event counts half.", required=True)
_WEIGHT = Key(_PROPERTY, "A numeric property of the event that counts instead of 1.")


def _curve(logarithmic: bool, about: str, *, least: float | None = None, required: bool = True) -> Key:
    return Key(Curves(logarithmic, least), about, required=required, to="curves")


def _metric(kind: str, about: str, keys: dict[str, Key], **conditions: Any) -> Record:
    common = {
        "kind": Key(Choice((kind,)), about, required=True),
        "dimension": Key(Choice(DIMENSIONS), "Which of the four questions it answers.", required=True),
        "share": Key(_AT_LEAST_0, "Its weight among the metrics of its dimension (default 1)."),
        "stages": Key(Many(Choice(STAGES)), "The stages in which it counts (default: all)."),
    }
    return Record(common | keys, about=about, **conditions)


METRICS = ByKind(
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
                "prior_per_week": Key(
                    _AT_LEAST_0, "The weekly rate that a new account is given; it fades by the half-life."
                ),
            },
            one_of=("curve", "curve_per_week"),
        ),
        "ratio": _metric(
            "ratio",
            "Something per something else, both decayed: tickets per active seat.",
            {
                "num": Key(_EVENTS, "The event(s) above the line.", required=True, to="events"),
                "den": Key(Denominator(), Denominator.ABOUT, required=True),
                "half_life": _HALF_LIFE,
                "weight": _WEIGHT,
                "curve": _curve(True, "Points over the ratio: [[ratio, points], ...]."),
                "min_numerator": Key(_AT_LEAST_0, "Less than this above the line is quiet (default 0.5)."),
                "min_denominator": Key(_AT_LEAST_0, "Less below the line is no evidence (default 1)."),
                "quiet_follows": Key(_METRIC, "While quiet, the points follow this metric's."),
                "quiet_bonus": Key(Number(least=-100, most=100), "Added to what it follows (default 20)."),
            },
            needs={"quiet_bonus": ("quiet_follows",), "min_numerator": ("quiet_follows",)},
        ),
        "distinct": _metric(
            "distinct",
            "How many different people or things were seen, each fading from its newest sight.",
            {
                "event": _EVENT,
                "key": Key(_PROPERTY, "What is told apart: user_id, or a property.", required=True),
                "half_life": _HALF_LIFE,
                "of": Key(Of(), "Read as a share of this: a number, or seats (of the account's facts)."),
                "curve": _curve(True, "Points over the number, or over the share: [[0.5, 50], ...]."),
            },
        ),
        "silence": _metric(
            "silence",
            "How unlikely this silence is by the account's own rhythm: 1 is one in ten, 3 one in a thousand.",
            {
                "event": _EVENT,
                "prior_gap": Key(
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
                "value": Key(
                    Measured(),
                    "The property to read (default value), or arr/arr_peak_12m.",
                ),
                "key": Key(_PROPERTY, "Keep the last value of each (user_id), read together."),
                "read": Key(Choice(("last", "mean", "net_promoter")), "How; with key: mean or net_promoter."),
                "curve": _curve(False, "Points over the value: [[-100, 0], [70, 100]]."),
                "hold": Key(Duration(), "This long it counts in full (default: fades at once)."),
                "ttl": Key(Duration(never=True), "From then on it is neutral; or never.", required=True),
                "neutral": Key(_POINTS, "The points of an answer that is too old (default 60)."),
            },
            needs={"key": ("read",)},
        ),
        "milestone": _metric(
            "milestone",
            "Steps that are due: 100 until then, falling to 0 over the grace; done is 100.",
            {
                "steps": Key(Named(Duration()), "Steps and when they are due after the account's start."),
                "planned": Key(Switch(), "Take the steps that milestone.planned names, too."),
                "grace": Key(Duration(), "From due to 0 points (default 14d)."),
            },
        ),
    },
    about="How the metric is computed.",
    later=("trend",),
)

FLAG = Record(
    {
        "event": Key(_EVENTS, "The event(s) that raise it.", to="events"),
        "when": Key(Comparison(), "A metric and a line, such as silence >= 3; up while that holds."),
        "cap": Key(Number(least=0, most=99.99), "While it is up the score is at most this.", required=True),
        "ttl": Key(Duration(never=True), "The cap rises to 100 over this time; or never."),
        "clear_on": Key(_EVENTS, "The event(s) that take it down."),
    },
    about="A fact that heavy usage must not hide: it caps the score.",
    one_of=("event", "when"),
    needs={"event": ("ttl",), "ttl": ("event",), "clear_on": ("event",)},
)

OUTCOME = Record({"event": Key(_EVENTS, "The event(s) that decide it.", required=True, to="events")})

WEIGHTS = Named(_AT_LEAST_0, names=DIMENSIONS)

_BAND_KEYS = {
    "red": Key(_POINTS, "Red below this."),
    "yellow": Key(_POINTS, "Yellow below this, green from it on."),
    "hysteresis": Key(_POINTS, "A band is left only this far above its line (default 8)."),
    "min_duration": Key(Duration(), "A slow worsening must last this long before it is told (default 2d)."),
}
BANDS = Record(_BAND_KEYS, about="Fields that a stage leaves out are those of default.")

CARD = Record(
    {
        "version": Key(Choice((VERSION,)), "The version of this format.", required=True),
        "metrics": Key(Named(METRICS), "What is watched, by name.", required=True),
        "flags": Key(Named(FLAG), "What caps the score, by name."),
        "outcomes": Key(Named(OUTCOME), "What was decided (churned, renewed): told, moves no score."),
        "weights": Key(
            Named(WEIGHTS, names=(*STAGES, DEFAULT)),
            "How much each dimension weighs, by stage; default is for stages that are not named.",
            required=True,
        ),
        "bands": Key(
            Named(BANDS, names=(*STAGES, DEFAULT), required=(DEFAULT,)),
            "Where red and yellow begin, by stage.",
            required=True,
        ),
        "default_stage": Key(Choice(STAGES), "Of accounts whose stage is not known (default adoption)."),
        "reference": Key(_POINTS, "The score that receipts are told against (default 100)."),
        "min_coverage": Key(Number(least=0, most=1), "Below it: insufficient data (default 0.5)."),
    },
    about="A scorecard: what is watched, how it becomes points, and when somebody hears of it.",
    later=("clock",),
)
