import uuid
from collections.abc import Iterator

import pytest

from local.stack.embedded_broker import EmbeddedBroker
from local.stack.postgres import Postgres
from local.stack.servers import Broker
from support.starts import Start
from support.system import System, system


@pytest.fixture(scope="module")
def ingesting(
    postgres: Postgres, embedded_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory, fork: Start
) -> Iterator[System]:
    """Ingest as a process of its own; each test has accounts of its own."""
    name = f"test_{uuid.uuid4().hex}"
    with system(
        bootstrap=embedded_broker.bootstrap,
        broker=Broker.EMBEDDED,
        database_url=postgres.create_database(name),
        directory=tmp_path_factory.mktemp("ingesting"),
        start=fork,
    ) as made:
        made.started("ingest")
        yield made
    postgres.drop_database(name)
