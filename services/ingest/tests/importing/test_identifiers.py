"""Ids of accounts, people and events, as databases and data frames write them."""

from typing import Any

import pytest

from ingest.importing.identifiers import IdForm, form_of, read_id


@pytest.mark.parametrize(
    ("samples", "read"),
    [
        (["4711.0", "", "4712.0"], ["4711", None, "4712"]),
        # Somebody's own numbers, such as those of versions.
        (["4711.0", "4711.5"], ["4711.0", "4711.5"]),
        (["4711.0", "acme"], ["4711.0", "acme"]),
        (["04711.0"], ["04711.0"]),
    ],
)
def test_decimals_of_a_data_frame_are_left_out_if_all_values_have_them(
    samples: list[str], read: list[str | None]
) -> None:
    form = form_of(samples)
    assert [read_id(cell, form) for cell in samples] == read


@pytest.mark.parametrize("cell", [None, " ", "\\N", "NULL", "NaN", "nan", "None", float("nan")])
def test_what_data_frames_and_databases_write_for_nothing_is_no_id(cell: Any) -> None:
    assert read_id(cell, IdForm.AS_IT_IS) is None
