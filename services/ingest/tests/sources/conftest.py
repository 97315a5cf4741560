from collections.abc import AsyncIterator

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from common.database import engine


@pytest.fixture
async def pool(database: str) -> AsyncIterator[AsyncEngine]:
    connected = engine(database, pool_size=5)
    yield connected
    await connected.dispose()
