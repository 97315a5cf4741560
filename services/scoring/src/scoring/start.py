"""What a worker brings to its partitions: the card, the way time passes, the number of partitions."""

from common.topics import TimeMode
from scoring.cards.identity import identify, versions
from scoring.cards.load import load
from scoring.health.card import Card
from scoring.origin import Origin


def origin(text: str, *, name: str, time_mode: TimeMode, partitions: int) -> tuple[Card, Origin]:
    """What this worker would start a partition with. Raises `InvalidCard`; `name` is what it calls the file."""
    card = load(text, name)
    return card, Origin(
        card_id=identify(card),
        card=text,
        calendars=versions(),
        time_mode=time_mode.value,
        partitions=partitions,
    )
