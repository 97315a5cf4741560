from collections.abc import AsyncIterator

import pytest

from support.console import ConsoleSite, console_site


@pytest.fixture
async def site(database: str) -> AsyncIterator[ConsoleSite]:
    """A console whose other services are all away."""
    async with console_site(database) as built:
        yield built
