"""Drafts: the parts of a card that could be read. Rules check drafts, so that one problem hides no other."""

from typing import Any

from msgspec import Struct

from common.documents.findings import Findings
from common.documents.mapping_rules import MappingRule
from common.documents.yaml import YamlValue
from scoring.cards.grammar import CARD, DIMENSIONS, FLAG, OUTCOME
from scoring.health import STAGES, Card, Stage
from scoring.health.card import Bands, Flag, Outcome
from scoring.health.metric_kinds import KINDS
from scoring.health.metrics.definition import DEFAULT, Dimension, MetricDefinition, kind_of

_DEFINITIONS = {kind_of(definition): definition for definition in KINDS}


class CardDraft(Struct, frozen=True):
    """`named` are all metrics that the file names, readable or not. The other fields hold what could be read."""

    named: tuple[str, ...]
    metrics: dict[str, MetricDefinition]
    flags: dict[str, Flag]
    outcomes: dict[str, Outcome]
    weights: dict[Stage, dict[Dimension, float]]
    bands: dict[str, Bands]
    settings: dict[str, Any]

    def card(self) -> Card:
        """The card. Only for a draft without problems."""
        return Card(
            metrics=tuple(self.metrics.values()),
            flags=tuple(self.flags.values()),
            outcomes=tuple(self.outcomes.values()),
            weights=self.weights,
            bands=self.bands,
            **self.settings,
        )


def read_draft(root: YamlValue, found: Findings) -> CardDraft:
    fields, _ = CARD.read_valid_keys(root, found)
    metrics = {name: _metric(name, given) for name, given in fields.pop("metrics", {}).items()}
    flags = {name: Flag(name=name, **_fields_by_name(FLAG, given)) for name, given in fields.pop("flags", {}).items()}
    outcomes = {
        name: Outcome(name=name, **_fields_by_name(OUTCOME, given))
        for name, given in fields.pop("outcomes", {}).items()
    }
    weights, bands = fields.pop("weights", {}), fields.pop("bands", {})
    return CardDraft(
        named=_metric_names(root),
        metrics=metrics,
        flags=flags,
        outcomes=outcomes,
        weights=_weights(weights),
        bands=_bands(bands, found),
        settings=fields,
    )


def _metric_names(root: YamlValue) -> tuple[str, ...]:
    section = root.content.get("metrics") if isinstance(root.content, dict) else None
    return tuple(section.content) if section is not None and isinstance(section.content, dict) else ()


def _metric(name: str, given: dict[str, Any]) -> MetricDefinition:
    definition = _DEFINITIONS[given["kind"]]
    return definition(name=name, **definition.fields_of(given))


def _fields_by_name(record: MappingRule, fields: dict[str, Any]) -> dict[str, Any]:
    return {record.keys[name].to or name: value for name, value in fields.items()}


def _weights(given: dict[str, dict[Dimension, float]]) -> dict[Stage, dict[Dimension, float]]:
    """Weights of each stage that the file names, or of all if it has a default. A dimension left out weighs 0."""
    by_stage = {stage: given.get(stage, given.get(DEFAULT)) for stage in STAGES}
    return {
        stage: {dimension: weights.get(dimension, 0.0) for dimension in DIMENSIONS}
        for stage, weights in by_stage.items()
        if weights is not None
    }


def _bands(given: dict[str, dict[str, float]], found: Findings) -> dict[str, Bands]:
    """What a stage leaves out is taken from `default`."""
    default = given.get(DEFAULT)
    if default is None:
        return {}
    missing = [line for line in ("red", "yellow") if line not in default]
    for line in missing:
        found.problem(f"bands.{DEFAULT}", f"'{line}' is missing")
    return {} if missing else {stage: Bands(**default | fields) for stage, fields in given.items()}
