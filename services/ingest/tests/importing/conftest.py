from collections.abc import Iterator

import pytest

from support.served_ingest import ServedIngest


@pytest.fixture
def imported(monkeypatch: pytest.MonkeyPatch) -> Iterator[ServedIngest]:
    """An ingest that the command finds by its environment."""
    with ServedIngest() as served:
        for name, value in served.environment.items():
            monkeypatch.setenv(name, value)
        yield served
