from collections.abc import AsyncIterator

import pytest

from ingest.in_memory import Ingest, in_memory


@pytest.fixture
async def ingest() -> AsyncIterator[Ingest]:
    async with in_memory() as built:
        yield built
