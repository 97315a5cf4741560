"""docs/scorecard.md names what a card may say of each kind of metric."""

from pathlib import Path

import pytest

from scoring.health.metric_kinds import KINDS
from scoring.health.metrics.definition import MetricDefinition, kind_of

PAGE = (Path(__file__).parents[4] / "docs" / "scorecard.md").read_text(encoding="utf-8")
ROWS = {row.split("`")[1]: row for row in PAGE.splitlines() if row.startswith("| `")}


def test_the_page_has_a_row_for_every_kind() -> None:
    assert list(ROWS) == [kind_of(definition) for definition in KINDS]


@pytest.mark.parametrize("definition", KINDS, ids=kind_of)
def test_the_row_of_a_kind_names_its_keys(definition: type[MetricDefinition]) -> None:
    keys = ROWS[kind_of(definition)].split("|")[3]
    assert set(keys.split("`")[1::2]) == set(definition.keys)
