import pytest

from alerts.channels.text import LONGEST_DETAIL, SecretFilter, one_line, secrets_of

HOOK = "https://hooks.slack.com/services/T01/B02/s3cr3ts3cr3t"


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("Birch\r\nBcc: all@example.com", "Birch Bcc: all@example.com"),
        ("a\x00b\x0bc\x85d\u2028e\u2029f", "a b c d e f"),
        ("  much \t space ", "much space"),
        # Families of emoji and isolated right-to-left names need their invisible characters.
        ("👩\u200d👧 \u2068\u05d0\u05d1\u2069", "👩\u200d👧 \u2068\u05d0\u05d1\u2069"),
        # Half a surrogate pair cannot be encoded.
        ("half \ud83d of one", "half ? of one"),
        ("", ""),
    ],
)
def test_any_text_fits_one_line(text: str, line: str) -> None:
    assert one_line(text, most=100) == line


@pytest.mark.parametrize(
    ("text", "line"),
    [("ten letter", "ten letter"), ("ten letters", "ten lette…"), ("x" * 10_000, "x" * 9 + "…")],
)
def test_a_long_line_says_that_it_was_cut(text: str, line: str) -> None:
    assert one_line(text, most=10) == line


def test_a_secret_is_hidden_whole_and_in_part() -> None:
    hidden = SecretFilter(secrets_of(HOOK))
    assert hidden(f"cannot reach {HOOK} now") == "cannot reach [secret] now"
    assert hidden("404 for /services/T01/B02/s3cr3ts3cr3t.") == "404 for [secret]."
    assert hidden("no such hook: s3cr3ts3cr3t") == "no such hook: [secret]"


def test_a_secret_is_not_left_in_half_by_the_cut() -> None:
    hidden = SecretFilter(["s3cr3ts3cr3t"])
    text = hidden("." * (LONGEST_DETAIL - 6) + "s3cr3ts3cr3t")
    assert "s3c" not in text
    assert len(text) == LONGEST_DETAIL


def test_what_is_no_secret_stays() -> None:
    assert SecretFilter(["", "/"])("and/or") == "and/or"
