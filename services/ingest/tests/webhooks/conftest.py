from collections.abc import AsyncIterator

import pytest

from ingest.in_memory import Ingest, in_memory
from ingest.mapping.load import load_mapping
from support.webhooks import MAPPING, SECRETS, topics_made


@pytest.fixture
async def hooked() -> AsyncIterator[Ingest]:
    """Ingest with a webhook of each kind of sender."""
    async with in_memory(rules=load_mapping(MAPPING, "mapping.yml"), webhook_secrets=SECRETS) as built:
        await topics_made(built)
        yield built
