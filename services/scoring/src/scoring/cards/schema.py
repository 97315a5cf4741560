"""The format as JSON Schema (draft 2020-12), for editors that help while a card is being written.

It says all that can be said of one value at a time. What needs two (unknown metrics, red below yellow) only
`card check` sees; what the schema refuses, the loader refuses too.
"""

import json

from common.documents.value_rules import JsonSchema
from scoring.cards.grammar import CARD, METRICS


def json_schema() -> JsonSchema:
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Scorecard",
        **CARD.schema(),
        "$defs": {kind: record.schema() for kind, record in METRICS.kinds.items()},
    }


def schema_text() -> str:
    """As it stands in deploy/scorecard.schema.json."""
    return json.dumps(json_schema(), indent=2, ensure_ascii=False) + "\n"
