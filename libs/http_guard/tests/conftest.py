from collections.abc import AsyncIterator

import pytest

from support.guarded_server import LIMITS, Server, serving_with


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving_with(LIMITS) as built:
        yield built
