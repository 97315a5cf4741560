"""A scorecard's text becomes the core's `Card`, or a list of everything that is wrong with it."""

from common.documents.findings import Findings
from common.documents.load import Checked, Document, check
from scoring.cards import rules, weighing
from scoring.cards.card_draft import draft_of
from scoring.cards.errors import InvalidCard
from scoring.cards.grammar import CardFile
from scoring.health import Card


def examine(text: str) -> Checked[Card]:
    """Reads a card and collects all problems and warnings; raises nothing."""
    return check(text, CardFile, _card, noun="a scorecard")


def load(text: str, source_name: str) -> Card:
    """The card in `text`. Raises `InvalidCard`; `source_name` is what its message calls the file."""
    return examine(text).sound(InvalidCard, source_name)


def _card(file: Document[CardFile], found: Findings) -> Card | None:
    draft = draft_of(file, found)
    rules.check(draft, found)
    weighing.check(draft, found)
    return None if found.problems else draft.card()
