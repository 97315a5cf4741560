from collections.abc import AsyncIterator

import pytest

from common.topics import TimeMode
from support.asking import Api, asking
from support.cards import SMALL
from support.road import road


@pytest.fixture
async def stream_api(database: str) -> AsyncIterator[Api]:
    """Nothing has been scored yet."""
    async with road(database, SMALL, mode=TimeMode.STREAM) as built, asking(built) as api:
        yield api


@pytest.fixture
async def wall_api(database: str) -> AsyncIterator[Api]:
    """Nothing has been scored yet."""
    async with road(database, SMALL, mode=TimeMode.WALL) as built, asking(built) as api:
        yield api
