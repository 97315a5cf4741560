from collections.abc import AsyncIterator

import pytest

from common.topics import TimeMode
from support.cards import SMALL
from support.road import Road, road


@pytest.fixture
async def stream(database: str) -> AsyncIterator[Road]:
    """Events carry their own time, and the test ticks."""
    async with road(database, SMALL, mode=TimeMode.STREAM) as built:
        yield built


@pytest.fixture
async def wall(database: str) -> AsyncIterator[Road]:
    """The log stamps, and the workers tick."""
    async with road(database, SMALL, mode=TimeMode.WALL) as built:
        yield built
