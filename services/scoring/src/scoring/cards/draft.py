"""From what was read to the core's structs, as far as the file allows: rules look at drafts, too."""

from typing import Any, cast, get_args

from msgspec import Struct

from common.documents.findings import Findings
from common.documents.mapping_rules import MappingRule
from common.documents.yaml import YamlValue
from scoring.cards.grammar import CARD, DIMENSIONS, FLAG, METRICS, OUTCOME
from scoring.health.card import Bands, Card, Flag, Outcome
from scoring.health.context import STAGES, Stage
from scoring.health.kinds import DEFAULT, AnyMetric, Dimension

_STRUCTS: dict[str, Any] = {kind.__struct_config__.tag: kind for kind in get_args(AnyMetric)}


class Draft(Struct, frozen=True):
    """`named` are all metrics that the file names, readable or not; the rest is what could be read."""

    named: tuple[str, ...]
    metrics: dict[str, AnyMetric]
    flags: dict[str, Flag]
    outcomes: dict[str, Outcome]
    weights: dict[Stage, dict[Dimension, float]]
    bands: dict[str, Bands]
    settings: dict[str, Any]

    def card(self) -> Card:
        """Only for a draft that nothing was found against."""
        return Card(
            metrics=tuple(self.metrics.values()),
            flags=tuple(self.flags.values()),
            outcomes=tuple(self.outcomes.values()),
            weights=self.weights,
            bands=self.bands,
            **self.settings,
        )


def draft(root: YamlValue, found: Findings) -> Draft:
    fields, _ = CARD.read_valid_keys(root, found)
    metrics = {name: _metric(name, given) for name, given in fields.pop("metrics", {}).items()}
    flags = {name: Flag(name=name, **_filled(FLAG, given)) for name, given in fields.pop("flags", {}).items()}
    outcomes = {
        name: Outcome(name=name, **_filled(OUTCOME, given)) for name, given in fields.pop("outcomes", {}).items()
    }
    weights, bands = fields.pop("weights", {}), fields.pop("bands", {})
    return Draft(
        named=_names(root, "metrics"),
        metrics=metrics,
        flags=flags,
        outcomes=outcomes,
        weights=_weights(weights),
        bands=_bands(bands, found),
        settings=fields,
    )


def _names(root: YamlValue, section: str) -> tuple[str, ...]:
    content = root.content[section].content if isinstance(root.content, dict) and section in root.content else ()
    return tuple(content) if isinstance(content, dict) else ()


def _metric(name: str, fields: dict[str, Any]) -> AnyMetric:
    kind = fields["kind"]
    filled = _filled(METRICS.kinds[kind], fields)
    del filled["kind"]
    if "curve_per_week" in fields:
        filled["per_week"] = True
    if "den" in fields:
        den = filled.pop("den")
        filled["denominator_metric" if isinstance(den, str) else "denominator_events"] = den
    return cast(AnyMetric, _STRUCTS[kind](name=name, **filled))


def _filled(record: MappingRule, fields: dict[str, Any]) -> dict[str, Any]:
    return {record.keys[name].to or name: value for name, value in fields.items()}


def _weights(given: dict[str, dict[Dimension, float]]) -> dict[Stage, dict[Dimension, float]]:
    """Every dimension of every stage that the file speaks of; one that it leaves out weighs nothing."""
    by_stage = {stage: given.get(stage, given.get(DEFAULT)) for stage in STAGES}
    return {
        stage: {dimension: weights.get(dimension, 0.0) for dimension in DIMENSIONS}
        for stage, weights in by_stage.items()
        if weights is not None
    }


def _bands(given: dict[str, dict[str, float]], found: Findings) -> dict[str, Bands]:
    """With the gaps of a stage filled from default."""
    default = given.get(DEFAULT)
    if default is None:
        return {}
    missing = [line for line in ("red", "yellow") if line not in default]
    for line in missing:
        found.problem(f"bands.{DEFAULT}", f"'{line}' is missing")
    return {} if missing else {stage: Bands(**default | fields) for stage, fields in given.items()}
