"""Drafts: the parts of a card that can be used. Rules check drafts, so that one problem hides no other."""

from typing import Any

from msgspec import Struct

from common.documents.findings import Findings
from common.documents.load import Document
from scoring.cards.clock import ClockEntry
from scoring.cards.grammar import DIMENSIONS, BandsEntry, CardFile, JourneyEntry, MetricEntry
from scoring.health import STAGES, Card, Stage
from scoring.health.card import Bands, Expansion, Flag, Journey, Outcome
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
        settings = dict(self.settings)
        if isinstance(settings.get("clock"), ClockEntry):
            settings["clock"] = settings["clock"].rules()
        return Card(
            metrics=tuple(self.metrics.values()),
            flags=tuple(self.flags.values()),
            outcomes=tuple(self.outcomes.values()),
            weights=self.weights,
            bands=self.bands,
            **settings,
        )


def draft_of(file: Document[CardFile], found: Findings) -> CardDraft:
    sections = dict(file.sections)
    named, bands = file.values.get("metrics"), file.values.get("bands")
    if isinstance(bands, dict) and DEFAULT not in bands:
        found.problem("bands", f"'{DEFAULT}' is missing")
    if isinstance(entry := sections.get("journey"), JourneyEntry):
        sections["journey"] = _journey(entry)
    return CardDraft(
        named=tuple(named) if isinstance(named, dict) else (),
        metrics={name: _metric(name, entry) for name, entry in sections.pop("metrics", {}).items()},
        flags={name: Flag(name=name, **entry.fields_given()) for name, entry in sections.pop("flags", {}).items()},
        outcomes={
            name: Outcome(name=name, events=entry.events) for name, entry in sections.pop("outcomes", {}).items()
        },
        weights=_weights(sections.pop("weights", {})),
        bands=_bands(sections.pop("bands", {}), found),
        settings=sections,
    )


def _metric(name: str, entry: MetricEntry) -> MetricDefinition:
    definition = _DEFINITIONS[entry.kind]
    return definition(name=name, **definition.fields_of(entry.fields_given()))


def _journey(entry: JourneyEntry) -> Journey:
    given = entry.fields_given()
    if entry.expansion is not None:
        given["expansion"] = Expansion(**entry.expansion.fields_given())
    return Journey(**given)


def _weights(given: dict[str, dict[Dimension, float]]) -> dict[Stage, dict[Dimension, float]]:
    """Weights of each stage that the file names, or of all if it has a default. A dimension left out weighs 0."""
    by_stage = {stage: given.get(stage, given.get(DEFAULT)) for stage in STAGES}
    return {
        stage: {dimension: weights.get(dimension, 0.0) for dimension in DIMENSIONS}
        for stage, weights in by_stage.items()
        if weights is not None
    }


def _bands(given: dict[str, BandsEntry], found: Findings) -> dict[str, Bands]:
    """What a stage leaves out is taken from `default`."""
    if DEFAULT not in given:
        return {}
    default = given[DEFAULT].fields_given()
    missing = [line for line in ("red", "yellow") if line not in default]
    for line in missing:
        found.problem(f"bands.{DEFAULT}", f"'{line}' is missing")
    return {} if missing else {stage: Bands(**default | entry.fields_given()) for stage, entry in given.items()}
