from collections.abc import AsyncIterator

import pytest

from support.alerts_api import AlertsApi, Rows, alerts_api, alerts_rows


@pytest.fixture
async def rows(database: str) -> AsyncIterator[Rows]:
    """Nothing has been recorded yet."""
    async with alerts_rows(database) as built:
        yield built


@pytest.fixture
async def api(rows: Rows) -> AsyncIterator[AlertsApi]:
    async with alerts_api(rows) as built:
        yield built
