from collections.abc import Iterator

import pytest

from support.forked import ForkServer
from support.service import Start


@pytest.fixture(scope="session")
def fork(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Start]:
    """Starts processes of the services without their imports: half of what a test of the whole system costs.

    `python -m` itself is tried by the tests of `make up` and `make demo`, by each service's own, and by `make chaos`.
    """
    server = ForkServer(tmp_path_factory.mktemp("fork") / "server.log")
    yield server.start
    server.stop()
