"""What must agree before a worker touches anything: the card, the way time passes, the number of partitions."""

from collections.abc import Mapping

from common.topics import TimeMode
from scoring.cards.identity import identify, versions
from scoring.cards.load import load
from scoring.core.card import Card
from scoring.errors import Stop
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


def agree(mine: Origin, journal: Mapping[int, Origin]) -> None:
    """Raises `Stop` if the journal was begun with something else."""
    for partition, theirs in sorted(journal.items()):
        if theirs.time_mode != mine.time_mode:
            raise Stop(
                f"TIME_MODE is {mine.time_mode}, but the journal was begun in {theirs.time_mode} mode "
                "and stays so for life: use another database, topic prefix and group for another mode"
            )
        if theirs.partitions != mine.partitions:
            raise Stop(f"PARTITIONS is {mine.partitions}, but the journal was begun with {theirs.partitions}, for life")
        if theirs.card_id != mine.card_id:
            calendars = (
                ""
                if theirs.calendars == mine.calendars
                else (f" (its calendars were {dict(theirs.calendars)}, here they are {dict(mine.calendars)})")
            )
            raise Stop(
                f"the card is {mine.card_id}, but partition {partition} is scored by {theirs.card_id}{calendars}: "
                "a running card does not change by another file; use that card, or start with an empty database"
            )
