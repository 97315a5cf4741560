"""Names are what customers make of them. In a message they are one short line."""

# ruff: noqa: RUF001 (letters of other scripts)

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.messages.sanitize import sanitize, truncate

ANYTHING = st.text(st.characters(), max_size=300)


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("Birch Foods", "Birch Foods"),
        ("  Birch \t\r\n  Foods\u2028Ltd\u00a0", "Birch Foods Ltd"),  # one line, one space
        ("Acme\u200b\u2060\ufeff\u00ad Corp", "Acme Corp"),  # what nobody sees
        ("Acme\u202egnp.exe", "Acmegnp.exe"),  # turns the rest of the line around
        ("bell\x07 null\x00", "bell null"),
        ("\ud800 half a character", "\ufffd half a character"),  # would not encode
        ("e" + "\u0301" * 200, "e" + "\u0301" * 4),  # a tower through five lines
        ("株式会社ミドリ", "株式会社ミドリ"),
        ("Crew \U0001f469\u200d\U0001f680", "Crew \U0001f469\u200d\U0001f680"),  # one emoji of two
        ("می\u200cخواهم", "\u2068می\u200cخواهم\u2069"),  # Persian needs its joiner
        ("עברית 3", "\u2068עברית 3\u2069"),  # isolated, so that our numbers stay on their side
        ("\u200d\u200d \u3164\u2800", ""),  # nothing to see
        ("\u0301", ""),
        ("<!channel> *bold* {{x}}", "<!channel> *bold* {{x}}"),  # a channel's own markup is the channel's
    ],
)
def test_what_is_shown_of_a_name(written: str, shown: str) -> None:
    assert sanitize(written) == shown


def test_a_long_name_is_cut_between_characters_and_says_so() -> None:
    assert sanitize("Birch " * 2000, 20) == "Birch Birch Birch B…"
    assert sanitize("\U0001f600" * 10_000, 20) == "\U0001f600" * 9 + "…"
    assert sanitize("\U0001f469\u200d\U0001f680" * 10, 8) == "\U0001f469\u200d\U0001f680\U0001f469…"


@given(ANYTHING, st.integers(2, 80))
def test_whatever_is_written_is_one_bounded_line_that_can_be_sent(written: str, most: int) -> None:
    shown = sanitize(written, most)

    assert len(shown.encode("utf-16-le")) // 2 <= most + 2
    assert shown.splitlines() in ([], [shown])
    assert shown.encode("utf-8").decode("utf-8") == shown
    hidden = {character for character in shown if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co")}
    assert hidden <= set("\u200c\u200d\u2068\u2069")
    assert shown.count("\u2068") == shown.count("\u2069") <= 1


@given(ANYTHING, st.integers(2, 80))
def test_what_is_harmless_stays_as_it_is(written: str, most: int) -> None:
    once = sanitize(written, most)

    assert sanitize(once, most) == once


@given(ANYTHING, st.integers(1, 80))
def test_what_fits_is_not_cut(text: str, most: int) -> None:
    kept = truncate(text, most)

    assert (kept == text) is (len(text.encode("utf-16-le", "surrogatepass")) // 2 <= most)
    assert len(kept.encode("utf-16-le", "surrogatepass")) // 2 <= most
