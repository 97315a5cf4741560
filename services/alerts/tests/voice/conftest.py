from collections.abc import AsyncIterator

import pytest

from support.voice import Voice, voice


@pytest.fixture
async def heard(database: str) -> AsyncIterator[Voice]:
    async with voice(database) as built:
        yield built
