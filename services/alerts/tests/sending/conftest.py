from collections.abc import AsyncIterator

import pytest

from support.mailroom import Mailroom, mailroom


@pytest.fixture
async def room(database: str) -> AsyncIterator[Mailroom]:
    async with mailroom(database) as built:
        yield built
