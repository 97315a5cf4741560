"""Texts that mean numbers, and texts that only look like them."""

from typing import Any

import pytest

from ingest.importing.errors import BadCell
from ingest.importing.values import ValueKind, catalogue_kinds, kind_of, read_known, read_other


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["1", " 2.5 ", "", "-3e2"], ValueKind.NUMBER),
        # A postal code and an id of twenty digits are no amounts.
        (["00123", "4"], ValueKind.TEXT),
        (["12345678901234567890"], ValueKind.TEXT),
        (["1,5"], ValueKind.TEXT),
        (["true", "FALSE"], ValueKind.BOOLEAN),
        # Only 0 and 1 may be counts as well.
        (["0", "1"], ValueKind.NUMBER),
        (["", None], ValueKind.TEXT),
        (["1", "x"], ValueKind.TEXT),
    ],
)
def test_a_column_is_of_numbers_if_all_of_it_is(texts: list[str | None], kind: ValueKind) -> None:
    assert kind_of(texts) is kind


def test_a_value_that_does_not_fit_its_column_stays_a_text() -> None:
    assert [read_other(text, ValueKind.NUMBER) for text in ("10", "1.5", "n/a", "1e999")] == [10, 1.5, "n/a", "1e999"]
    assert [read_other(text, ValueKind.BOOLEAN) for text in ("True", "maybe")] == [True, "maybe"]


def test_the_catalogue_says_what_its_properties_are() -> None:
    kinds = catalogue_kinds("account.updated")
    assert (kinds["arr"], kinds["name"], kinds["away"]) == (ValueKind.NUMBER, ValueKind.TEXT, ValueKind.JSON)
    assert catalogue_kinds("user.updated")["champion"] is ValueKind.BOOLEAN
    assert catalogue_kinds("button.clicked") == {}


@pytest.mark.parametrize(
    ("text", "kind", "value"),
    [
        (" 50000 ", ValueKind.NUMBER, 50000),
        ("0.5", ValueKind.NUMBER, 0.5),
        ("Yes", ValueKind.BOOLEAN, True),
        ("0", ValueKind.BOOLEAN, False),
        ('[{"from": "2026-12-24"}]', ValueKind.JSON, [{"from": "2026-12-24"}]),
        ("4711", ValueKind.TEXT, "4711"),
    ],
)  # fmt: skip
def test_a_property_of_the_catalogue_is_read_as_it_says(text: str, kind: ValueKind, value: Any) -> None:
    assert read_known(text, kind) == value


@pytest.mark.parametrize(
    ("text", "kind", "said"),
    [
        # Fifty thousand, or fifty.
        ("50,000", ValueKind.NUMBER, "a comma may part decimals or thousands"),
        ("€50000", ValueKind.NUMBER, "without currency"),
        ("50 000", ValueKind.NUMBER, "without currency, unit or blanks"),
        ("NaN", ValueKind.NUMBER, "expected a number"),
        ("maybe", ValueKind.BOOLEAN, "expected true or false"),
        ("[1", ValueKind.JSON, "expected JSON"),
    ],
)
def test_a_value_that_nobody_can_know_is_refused(text: str, kind: ValueKind, said: str) -> None:
    with pytest.raises(BadCell, match=said):
        read_known(text, kind)
