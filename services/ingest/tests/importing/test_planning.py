"""The event of a row: ids, empty cells, and what several errors of one row become."""

from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest

from ingest.importing.columns import ColumnChoices, map_columns
from ingest.importing.planning import RowPlanner, make_plan
from ingest.importing.rows import EventToPost, FileRow, RefusedRow

HEADER = ("account_id", "event", "time", "properties", "feature")
MOMENT = "2026-01-31T09:00:00Z"


def planned(*cells: Any, number: int = 1, others: dict[str, Any] | None = None) -> EventToPost | RefusedRow:
    row = FileRow(number, number + 1, cells, others)
    plan = make_plan(map_columns(HEADER, ColumnChoices()), "crm", [row], typed=True, zone=None)
    return RowPlanner(plan)(row)


def event(*cells: Any, number: int = 1, others: dict[str, Any] | None = None) -> dict[str, Any]:
    outcome = planned(*cells, number=number, others=others)
    assert isinstance(outcome, EventToPost), outcome
    found: dict[str, Any] = msgspec.json.decode(outcome.body)
    return found


@pytest.mark.parametrize(
    ("cell", "account_id"),
    [
        (" acme ", "acme"),
        (4711, "4711"),
        # As data frames and warehouses write whole numbers.
        (4711.0, "4711"),
        (Decimal("4711"), "4711"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
    ],
)
def test_ids_are_texts_whatever_a_file_has(cell: Any, account_id: str) -> None:
    assert event(cell, "Session Started", MOMENT, None, None)["account_id"] == account_id


@pytest.mark.parametrize(
    "cell", [None, "", " ", "\\N", "NULL", float("nan"), float("inf"), 0.5, True, b"acme", ["acme"]]
)
def test_a_row_that_names_no_account_is_refused(cell: Any) -> None:
    outcome = planned(cell, "Session Started", MOMENT, None, None)
    assert isinstance(outcome, RefusedRow)
    assert [error.field for error in outcome.errors] == ["account_id"]


def test_properties_come_from_the_object_the_columns_and_the_other_names() -> None:
    found = event("acme", "Feature Used", MOMENT, '{"plan": "pro", "feature": "old"}', "export", others={"Team": 5})
    assert found["properties"] == {"plan": "pro", "feature": "export", "team": 5}


@pytest.mark.parametrize("cell", [None, "", " ", "\\N", float("nan")])
def test_an_empty_cell_clears_no_property(cell: Any) -> None:
    """NaN as JSON would be null, which clears a fact."""
    assert event("acme", "Feature Used", MOMENT, cell, cell, others={"team": cell})["properties"] == {}


def test_an_infinite_number_is_refused() -> None:
    outcome = planned("acme", "Feature Used", MOMENT, None, float("inf"))
    assert isinstance(outcome, RefusedRow)
    assert [(error.field, error.reason) for error in outcome.errors] == [("feature", "bad_number")]


def test_what_an_empty_column_would_be_shows_in_its_other_cells() -> None:
    header = ("account_id", "event", "time", "count")
    rows = [
        FileRow(n, n, ("acme", "Report Opened", at, value))
        for n, at, value in ((1, 1769850000, "\\N"), (2, 1769850000, "7"))
    ]
    plan = make_plan(map_columns(header, ColumnChoices()), "crm", rows, typed=False, zone=None)
    outcomes = [RowPlanner(plan)(row) for row in rows]
    assert [msgspec.json.decode(each.body)["properties"] for each in outcomes if isinstance(each, EventToPost)] == [
        {},
        {"count": 7},
    ]


def test_the_id_is_a_function_of_the_name_of_the_import_and_the_row() -> None:
    first, second = (event("acme", "Session Started", MOMENT, None, None, number=number) for number in (1, 2))
    assert first["event_id"] == "afab727e-934e-5605-baf5-f48c779380c8"
    assert second["event_id"] != first["event_id"]
    assert event("bolt", "Session Ended", MOMENT, None, None)["event_id"] == first["event_id"]


def test_all_errors_of_a_row_are_told() -> None:
    outcome = planned("", "Нажато", "yesterday", "[]", None)
    assert isinstance(outcome, RefusedRow)
    assert [(error.field, error.reason) for error in outcome.errors] == [
        ("account_id", "missing"),
        ("event", "bad_name"),
        ("time", "bad_time"),
        ("properties", "bad_value"),
    ]


def test_an_event_larger_than_ingest_takes_is_refused_before_it_is_sent() -> None:
    outcome = planned("acme", "Session Started", MOMENT, None, "x" * 40_000)
    assert isinstance(outcome, RefusedRow)
    assert [error.reason for error in outcome.errors] == ["too_large"]
