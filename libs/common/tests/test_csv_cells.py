"""What a spreadsheet would execute is text."""

import pytest

from common.csv_cells import guarded


# The list of https://owasp.org/www-community/attacks/CSV_Injection
@pytest.mark.parametrize("first", ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"])
def test_text_that_begins_as_a_formula_is_guarded(first: str) -> None:
    assert guarded(f"{first}SUM(A1)") == f"'{first}SUM(A1)"
    assert guarded(first) == f"'{first}"


@pytest.mark.parametrize("text", ["", "Acme", "a=b", " =1", "株式会社", "'=1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert guarded(text) == text
