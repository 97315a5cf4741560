from hypothesis import given
from hypothesis import strategies as st

from alerts.messages.wrapping import columns, wrapped


def test_words_are_kept_whole() -> None:
    assert wrapped("Call the sponsor within two days.", 16).split("\n") == ["Call the sponsor", "within two days."]


def test_an_address_is_never_broken() -> None:
    address = "https://app.example.com/accounts/" + "a" * 100

    assert wrapped(f"Look: {address} now", 40).split("\n") == ["Look:", address, "now"]


def test_japanese_breaks_between_characters_but_no_line_begins_with_a_full_stop() -> None:
    assert wrapped("今週中にお電話ください。その後に", 22).split("\n") == ["今週中にお電話くださ", "い。その後に"]
    assert wrapped("お電話は30分で", 10).split("\n") == ["お電話は", "30分で"]
    assert wrapped("「期限」を過ぎた「項目」", 18).split("\n") == ["「期限」を過ぎた", "「項目」"]


def test_a_wide_character_takes_two_columns_and_a_mark_none() -> None:
    assert columns("ARR 契約") == 8
    assert columns("e\u0301\u2068") == 1


@given(
    st.text(st.sampled_from("ab \u3042\u3044\u3001\u3002\uff08\uff09\u3063e\u0301"), max_size=120), st.integers(6, 40)
)
def test_nothing_is_lost_but_spaces_at_the_ends_of_lines(text: str, width: int) -> None:
    assert wrapped(text, width).replace("\n", "").replace(" ", "") == text.replace(" ", "")
