from collections.abc import AsyncIterator

import pytest

from common.topics import TimeMode
from support.cards import SMALL
from support.scoring_api import Api, scoring_api
from support.scoring_harness import scoring_harness


@pytest.fixture
async def stream_api(database: str) -> AsyncIterator[Api]:
    """Nothing has been scored yet."""
    async with scoring_harness(database, SMALL, mode=TimeMode.STREAM) as built, scoring_api(built) as api:
        yield api


@pytest.fixture
async def wall_api(database: str) -> AsyncIterator[Api]:
    """Nothing has been scored yet."""
    async with scoring_harness(database, SMALL, mode=TimeMode.WALL) as built, scoring_api(built) as api:
        yield api
