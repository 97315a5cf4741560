from collections.abc import AsyncIterator

import pytest

from support.alerts_sending import SendingHarness, sending_harness


@pytest.fixture
async def sending(database: str) -> AsyncIterator[SendingHarness]:
    async with sending_harness(database) as built:
        yield built
