"""Ids of accounts, people and events, as databases and data frames write them."""

from typing import Any
from uuid import UUID

import pytest

from ingest.importing.identifiers import IdForm, form_of, read_id


@pytest.mark.parametrize(
    ("samples", "form"),
    [
        ([1, 2, 3], IdForm.SERIAL),
        (["1", "", "3.0", "NULL"], IdForm.SERIAL),
        ([1.0, float("nan")], IdForm.SERIAL),
        # Made to be unique: they begin with a time.
        (["1445566778899001122"], IdForm.AS_IT_IS),
        ([UUID(int=1)], IdForm.AS_IT_IS),
        (["1", "e-2"], IdForm.AS_IT_IS),
        ([], IdForm.AS_IT_IS),
    ],
)
def test_short_whole_numbers_may_be_those_of_a_table(samples: list[Any], form: IdForm) -> None:
    assert form_of(samples, may_be_serial=True) is form
    assert form_of(samples, may_be_serial=False) is not IdForm.SERIAL


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
    form = form_of(samples, may_be_serial=False)
    assert [read_id(cell, form) for cell in samples] == read


@pytest.mark.parametrize("cell", [None, " ", "\\N", "NULL", "NaN", "nan", "None", float("nan")])
def test_what_data_frames_and_databases_write_for_nothing_is_no_id(cell: Any) -> None:
    assert read_id(cell, IdForm.AS_IT_IS) is None
