import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from local.apache import ApacheKafka
from local.embedded import EmbeddedBroker
from local.postgres import Postgres
from local.servers import Broker
from support.client import Client
from support.system import System, system

BROKERS = [Broker.EMBEDDED, pytest.param(Broker.KAFKA, marks=pytest.mark.kafka)]


def _bootstrap(broker: Broker, request: pytest.FixtureRequest) -> str:
    server: EmbeddedBroker | ApacheKafka = request.getfixturevalue(
        "embedded_broker" if broker is Broker.EMBEDDED else "apache_broker"
    )
    return server.bootstrap


@pytest.fixture(scope="module", params=BROKERS)
def running(
    request: pytest.FixtureRequest, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[System]:
    """A worker, ingest and the API, for tests that hurt none of them and keep to accounts of their own."""
    name = f"test_{uuid.uuid4().hex}"
    with system(
        bootstrap=_bootstrap(request.param, request),
        broker=request.param,
        database_url=postgres.create_database(name),
        directory=tmp_path_factory.mktemp("running"),
        KEY_TTL_SECONDS="1",
    ) as made:
        made.started("worker", "ingest", "api")
        yield made
    postgres.drop_database(name)


@pytest.fixture
def embedded(embedded_broker: EmbeddedBroker, database: str, tmp_path: Path) -> Iterator[System]:
    """A system of this test's own on the embedded broker; nothing of it runs yet."""
    with system(
        bootstrap=embedded_broker.bootstrap, broker=Broker.EMBEDDED, database_url=database, directory=tmp_path
    ) as made:
        yield made


@pytest.fixture
def kafka(apache_broker: ApacheKafka, database: str, tmp_path: Path) -> Iterator[System]:
    """A system of this test's own on Apache Kafka, quick to notice what befalls it; nothing of it runs yet."""
    with system(
        bootstrap=apache_broker.bootstrap,
        broker=Broker.KAFKA,
        database_url=database,
        directory=tmp_path,
        SCORING_SESSION_SECONDS="3",
        SCORING_MAX_RECORDS="100",
        SCORING_LATE_SECONDS="2",
        INGEST_ACK_SECONDS="2",
    ) as made:
        yield made


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(timeout=30.0) as client:
        yield client


@pytest.fixture
def client(running: System, http: httpx.AsyncClient) -> Client:
    return Client(running, http)
