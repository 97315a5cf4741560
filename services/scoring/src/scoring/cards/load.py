"""A scorecard's text becomes the core's `Card`, or a list of everything that is wrong with it."""

from msgspec import Struct

from common.documents.findings import Finding, Findings, InvalidValue
from common.documents.yaml import parse
from scoring.cards import rules, weighing
from scoring.cards.draft import draft
from scoring.cards.errors import InvalidCard
from scoring.health.card import Card


class Reading(Struct, frozen=True):
    """`card` is there exactly when there are no problems; warnings never stand in its way."""

    card: Card | None
    problems: tuple[Finding, ...]
    warnings: tuple[Finding, ...]


def examine(text: str) -> Reading:
    """Everything that is to be said about a card; raises nothing."""
    found = Findings()
    card = None
    try:
        drafted = draft(parse(text, found, noun="a scorecard"), found)
        rules.check(drafted, found)
        weighing.check(drafted, found)
        if not found.problems:
            card = drafted.card()
    except InvalidValue:
        pass
    return Reading(card, found.problems, found.warnings)


def load(text: str, source_name: str) -> Card:
    """The card in `text`. Raises `InvalidCard`; `source_name` is what its message calls the file."""
    reading = examine(text)
    if reading.card is None:
        raise InvalidCard(source_name, reading.problems)
    return reading.card
