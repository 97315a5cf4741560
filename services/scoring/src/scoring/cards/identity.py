"""Under which name a card's scores are kept, and the calendars that are part of that name."""

import zoneinfo
from importlib import metadata

from scoring.health.card import Card, card_id


def versions() -> dict[str, str]:
    """The data beside the card that scores depend on."""
    return {"tzdata": metadata.version("tzdata")}


def identify(card: Card) -> str:
    return card_id(card, versions())


def use_pinned_time_zones() -> None:
    """From here on this process reads time zones from the tzdata package alone.

    Python prefers the machine's own data, whose version nobody wrote down, so two workers could disagree
    about what a day is. Call it once, before any zone is read.
    """
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
