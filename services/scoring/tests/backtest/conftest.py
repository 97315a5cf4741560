import zoneinfo
from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def _zones_as_before() -> Iterator[None]:
    """A run pins the time zones of its process; other tests read those of the machine."""
    yield
    zoneinfo.reset_tzpath()
    zoneinfo.ZoneInfo.clear_cache()
