"""Why a band is what it is, as the read API says it."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from scoring.api.band_words import band_in_words
from scoring.health.card import Bands, Card
from scoring.postgres.queries import AccountStatus
from support.examples import examples
from support.scripted_account import MOOD, ScriptedAccount, card

CARD = card(MOOD, bands=Bands(red=45, yellow=75))


def words_after(*scores: float, looked: float = 0.5) -> str:
    script = ScriptedAccount(CARD)
    for day, score in enumerate(scores):
        script.does("mood.read", day, value=score)
    return band_in_words(script.looks(len(scores) - 1 + looked), CARD)


def test_a_band_is_explained_by_its_line() -> None:
    assert words_after(80) == "green: 75 or more"
    assert words_after(60) == "yellow: below 75"
    assert words_after(20) == "red: below 45"


def test_a_band_that_the_hysteresis_holds_says_until_when() -> None:
    assert words_after(60, 82.6) == "yellow until 83: it was below 75"
    assert words_after(60, 83.1) == "green: 75 or more"
    assert words_after(20, 45.0) == "red until 53: it was below 45"
    # On the line itself a new account is not below it.
    assert words_after(45.0) == "yellow: below 75"


def test_a_worse_band_that_waits_says_when_it_is_told() -> None:
    # It lost less than five points, so the line must stay crossed for two days.
    assert words_after(76, 73) == "green until 13 January 00:00 UTC: if the score stays below 75, it is yellow then"


def test_too_little_evidence_says_how_much_there_is() -> None:
    lacking = card(MOOD, bands=Bands(red=45, yellow=75), min_coverage=0.5)
    script = ScriptedAccount(lacking)
    script.does("nobody.listens", 0)
    assert band_in_words(script.looks(0), lacking) == "insufficient data: 0% of the weight has evidence, 50% is needed"


def test_within_a_request_the_band_is_the_one_from_before_it() -> None:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=90)
    script.does("mood.read", 1, value=20, more=True)
    words = "green, as it was told last: more events of the same request are to come"
    assert band_in_words(script.looks(1), CARD) == words


def overridden(words_card: Card, **said: Any) -> ScriptedAccount:
    script = ScriptedAccount(words_card)
    script.does("mood.read", 0, value=38)
    script.does("health.overridden", 1, to="green", until="2024-01-31", **said)
    return script


def test_of_a_band_that_a_person_set_it_says_who_and_why_and_what_the_score_would_say() -> None:
    script = overridden(CARD, reason="The pilot is agreed", by="dana@example.com")
    words = "set to green by dana@example.com until 1 February 00:00 UTC: The pilot is agreed"
    assert band_in_words(script.looks(2), CARD) == f"{words}; the score of 38 would be red"
    alone = overridden(CARD)
    assert band_in_words(alone.looks(2), CARD).startswith("set to green until 1 February 00:00 UTC; the score of")
    alone.does("mood.read", 2, value=75)
    assert band_in_words(alone.looks(2), CARD).endswith("the score of 75 would be green")
    alone.does("mood.read", 3, value=74.96)
    assert band_in_words(alone.looks(3), CARD).endswith("the score of 74.96 would be yellow")


def test_of_a_person_s_band_without_evidence_it_says_that_there_is_none() -> None:
    lacking = card(MOOD, bands=Bands(red=45, yellow=75), min_coverage=0.5)
    script = ScriptedAccount(lacking)
    script.does("health.overridden", 0, to="red", until="2024-01-31")
    without = "without that it would be insufficient data: 0% of the weight has evidence"
    assert band_in_words(script.looks(0), lacking) == f"set to red until 1 February 00:00 UTC; {without}"


def test_of_somebody_who_left_nothing_is_told() -> None:
    script = ScriptedAccount(CARD)
    script.does("mood.read", 0, value=60)
    words = "yellow: below 75 (the contract has ended, so nothing of it is told)"
    assert band_in_words(script.looks(1), CARD, status=AccountStatus.CHURNED) == words


@settings(max_examples=examples(300), deadline=None)
@given(
    scores=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 3)), min_size=1, max_size=8),
    asked=st.floats(0, 5),
)
def test_the_words_agree_with_the_band_and_the_score(scores: list[tuple[float, float]], asked: float) -> None:
    """Whatever came before: no line that is named contradicts the score beside it."""
    script, day = ScriptedAccount(CARD), 0.0
    for score, days in scores:
        script.does("mood.read", day, value=score)
        day += days
    view = script.looks(day + asked)
    words, score = band_in_words(view, CARD), round(view.health.score, 6)
    assert words.startswith(view.health.band.value)
    assert "as it was told last" not in words
    for line in (45, 75):
        if words.endswith(f": below {line}") or f"stays below {line}," in words:
            assert score < line
        if words.endswith(f": it was below {line}"):
            assert line <= score < line + 8
    if words == "green: 75 or more":
        assert score >= 75
