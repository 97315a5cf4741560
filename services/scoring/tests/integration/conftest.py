from collections.abc import AsyncIterator

import pytest

from common.topics import TimeMode
from support.cards import SMALL
from support.scoring_harness import ScoringHarness, scoring_harness


@pytest.fixture
async def stream(database: str) -> AsyncIterator[ScoringHarness]:
    """Events carry their own time, and the test ticks."""
    async with scoring_harness(database, SMALL, mode=TimeMode.STREAM) as built:
        yield built


@pytest.fixture
async def wall(database: str) -> AsyncIterator[ScoringHarness]:
    """The log stamps, and the workers tick."""
    async with scoring_harness(database, SMALL, mode=TimeMode.WALL) as built:
        yield built
