"""What entries keep of tickets and of the words of answers: bounded, and nothing of what no reader uses."""

from typing import Any

import pytest

from scoring.cards.load import load
from scoring.health import Account, Scorer
from scoring.partition.kpi_entries import KpiEntry, entry_of, person_key
from scoring.partition.words import LONGEST_LABEL, LONGEST_WORDS
from support.cards import SMALL
from support.scoring_harness import START, event

ANN = "ann@example.com"


@pytest.fixture
def account() -> Account:
    return Scorer(load(SMALL, "card"), "card").create("acme")


def entry(account: Account, name: str, *, user_id: str | None = ANN, **said: Any) -> KpiEntry | None:
    return entry_of(event("acme", name, START, user_id=user_id, properties=said), account, recorded=START)


# Name, properties, what is kept of them, and the words.
KEPT = [
    ("ticket.opened", {"ticket": "T-1", "severity": 3, "subject": "Export fails"}, {"ticket": "T-1", "severity": 3.0}),
    ("ticket.answered", {"ticket": "T-1", "hours": 0.5}, {"ticket": "T-1", "hours": 0.5}),
    ("ticket.resolved", {"ticket": "T-1", "hours": 26, "severity": 4}, {"ticket": "T-1", "hours": 26.0}),
    ("ticket.reopened", {"ticket": "T-1", "subject": "Export fails"}, {"ticket": "T-1"}),
    ("nps.answered", {"score": 9, "comment": "Export fails", "about": "T-1"}, {"score": 9.0}),
    ("csat.answered", {"score": 4, "comment": "Export fails", "about": "T-1"}, {"score": 4.0, "about": "T-1"}),
]


@pytest.mark.parametrize(("name", "properties", "said"), KEPT)
def test_an_entry_has_the_id_the_figures_and_the_words(
    account: Account, name: str, properties: dict[str, Any], said: dict[str, Any]
) -> None:
    found = entry(account, name, **properties)
    assert found is not None
    assert (found.said, found.person) == (said, person_key(ANN))
    assert found.words == (None if name in ("ticket.answered", "ticket.resolved") else "Export fails")


def test_texts_are_cut_and_hold_no_nul(account: Account) -> None:
    found = entry(account, "ticket.opened", ticket="T\0" + "x" * 999, subject="  a\0" + "b" * 9_000)
    assert found is not None
    assert found.said == {"ticket": "T" + "x" * (LONGEST_LABEL - 1)}
    assert found.words == "a" + "b" * (LONGEST_WORDS - 1)


@pytest.mark.parametrize("ticket", [None, "", " ", 4711, ["T-1"]])
def test_a_ticket_without_an_id_makes_no_entry(account: Account, ticket: object) -> None:
    """Nobody could say whether it is still open."""
    assert entry(account, "ticket.opened", ticket=ticket, subject="Export fails") is None


@pytest.mark.parametrize("words", [None, "", " \0 ", 7, {"text": "x"}])
def test_what_is_no_text_is_no_words(account: Account, words: object) -> None:
    found = entry(account, "nps.answered", score=3, comment=words)
    assert found is not None
    assert found.words is None


def test_a_value_that_is_no_number_is_left_out(account: Account) -> None:
    found = entry(account, "ticket.opened", ticket="T-1", severity="high")
    assert found is not None
    assert found.said == {"ticket": "T-1"}
