"""What a card's name stands for."""

import zoneinfo
from collections.abc import Iterator
from importlib import metadata

import pytest

from scoring.cards.identity import use_pinned_time_zones, versions
from support.cards import shipped_card


@pytest.fixture
def _zones_as_before() -> Iterator[None]:
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()


@pytest.mark.usefixtures("_zones_as_before")
def test_time_zones_are_read_from_the_package_that_the_cards_name_mentions() -> None:
    use_pinned_time_zones()

    assert zoneinfo.TZPATH == ()
    assert zoneinfo.ZoneInfo("Europe/Berlin").key == "Europe/Berlin"
    card = shipped_card()
    assert versions(card) == {"tzdata": metadata.version("tzdata"), "holidays": metadata.version("holidays")}
