"""A scorecard's text becomes the core's `Card`, or a list of everything that is wrong with it."""

from msgspec import Struct

from common.documents.findings import Finding, Findings, InvalidValue
from common.documents.yaml import parse
from scoring.cards import rules, weighing
from scoring.cards.card_draft import read_draft
from scoring.cards.errors import InvalidCard
from scoring.health import Card


class ExaminedCard(Struct, frozen=True):
    """`card` is None if there are problems. Warnings do not prevent it."""

    card: Card | None
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def examine(text: str) -> ExaminedCard:
    """Reads a card and collects all problems and warnings; raises nothing."""
    found = Findings()
    card = None
    try:
        draft = read_draft(parse(text, found, noun="a scorecard"), found)
        rules.check(draft, found)
        weighing.check(draft, found)
        if not found.problems:
            card = draft.card()
    except InvalidValue:
        pass
    return ExaminedCard(card, found.problems, found.warnings)


def load(text: str, source_name: str) -> Card:
    """The card in `text`. Raises `InvalidCard`; `source_name` is what its message calls the file."""
    reading = examine(text)
    if reading.card is None:
        raise InvalidCard(source_name, reading.problems)
    return reading.card
