import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from local.stack.embedded_broker import EmbeddedBroker
from local.stack.postgres import Postgres
from local.stack.servers import Broker
from support.starts import Start
from support.system import System, system


@pytest.fixture(scope="module")
def ingest_with(
    postgres: Postgres, embedded_broker: EmbeddedBroker, tmp_path_factory: pytest.TempPathFactory, fork: Start
) -> Iterator[Callable[..., System]]:
    """Starts ingest as a process of its own, with settings; each test has accounts of its own."""
    with ExitStack() as ends:

        def start(**settings: str) -> System:
            name = f"test_{uuid.uuid4().hex}"
            database_url = postgres.create_database(name)
            ends.callback(postgres.drop_database, name)
            made = ends.enter_context(
                system(
                    bootstrap=embedded_broker.bootstrap,
                    broker=Broker.EMBEDDED,
                    database_url=database_url,
                    directory=tmp_path_factory.mktemp("ingesting"),
                    start=fork,
                    more=settings,
                )
            )
            made.started("ingest")
            return made

        yield start


@pytest.fixture(scope="module")
def ingesting(ingest_with: Callable[..., System]) -> System:
    return ingest_with()
