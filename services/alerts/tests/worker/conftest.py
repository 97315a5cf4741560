from collections.abc import AsyncIterator

import pytest

from support.alerts_replicas import ReplicasHarness, replicas_harness


@pytest.fixture
async def replicas(database: str) -> AsyncIterator[ReplicasHarness]:
    async with replicas_harness(database) as built:
        yield built
