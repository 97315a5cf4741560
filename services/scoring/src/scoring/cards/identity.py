"""The id of a card: its content, and the versions of the calendars that it is read with."""

import zoneinfo
from importlib import metadata

from scoring.health import Card
from scoring.health.calendar.definition import NONE, CalendarRules
from scoring.health.card import card_id


def versions(card: Card) -> dict[str, str]:
    """The versions of the data, beside the card, that its scores depend on."""
    packages = ["tzdata"]
    if isinstance(card.clock, CalendarRules) and card.clock.holidays != NONE:
        packages.append("holidays")
    return {package: metadata.version(package) for package in packages}


def identify(card: Card) -> str:
    return card_id(card, versions(card))


def use_pinned_time_zones() -> None:
    """From here on this process reads time zones from the tzdata package alone.

    Python prefers the machine's own data, which is not pinned, so two workers could count different days. Call this
    once, before any zone is read.
    """
    zoneinfo.reset_tzpath(to=())
    zoneinfo.ZoneInfo.clear_cache()
