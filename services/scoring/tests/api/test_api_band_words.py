"""Why a band is what it is, as the read API says it."""

from scoring.api.band_words import band_in_words
from scoring.health.card import Bands
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
    assert words_after(76, 73) == "green until 13 January 00:00 UTC: then below 75 has lasted, and it is yellow"


def test_too_little_evidence_says_how_much_there_is() -> None:
    lacking = card(MOOD, bands=Bands(red=45, yellow=75), min_coverage=0.5)
    script = ScriptedAccount(lacking)
    script.does("nobody.listens", 0)
    assert band_in_words(script.looks(0), lacking) == "insufficient data: 0% of the weight has evidence, 50% is needed"
