import uuid
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest

from local.stack.apache_kafka import ApacheKafka
from local.stack.embedded_broker import EmbeddedBroker
from local.stack.postgres import Postgres
from local.stack.servers import Broker
from support.alerting import HURRIED, MOOD, Alerting
from support.client import Client
from support.office import Office
from support.starts import Start
from support.system import System, system

BROKERS = [Broker.EMBEDDED, pytest.param(Broker.KAFKA, marks=pytest.mark.kafka)]


def _bootstrap(broker: Broker, request: pytest.FixtureRequest) -> str:
    server: EmbeddedBroker | ApacheKafka = request.getfixturevalue(
        "embedded_broker" if broker is Broker.EMBEDDED else "apache_broker"
    )
    return server.bootstrap


@pytest.fixture(scope="module", params=BROKERS)
def running(
    request: pytest.FixtureRequest,
    postgres: Postgres,
    tables: str,
    tmp_path_factory: pytest.TempPathFactory,
    fork: Start,
) -> Iterator[System]:
    """A worker, ingest and the API, for tests that hurt none of them and keep to accounts of their own."""
    name = f"test_{uuid.uuid4().hex}"
    with system(
        bootstrap=_bootstrap(request.param, request),
        broker=request.param,
        database_url=postgres.create_database(name, like=tables),
        directory=tmp_path_factory.mktemp("running"),
        start=fork,
        KEY_TTL_SECONDS="1",
    ) as made:
        made.started("worker", "ingest", "api")
        yield made
    postgres.drop_database(name)


@pytest.fixture
def embedded(embedded_broker: EmbeddedBroker, database: str, tmp_path: Path, fork: Start) -> Iterator[System]:
    """A system of this test's own on the embedded broker; nothing of it runs yet."""
    with system(
        bootstrap=embedded_broker.bootstrap,
        broker=Broker.EMBEDDED,
        database_url=database,
        directory=tmp_path,
        start=fork,
    ) as made:
        yield made


@pytest.fixture
def kafka(apache_broker: ApacheKafka, database: str, tmp_path: Path, fork: Start) -> Iterator[System]:
    """A system of this test's own on Apache Kafka, quick to notice what befalls it; nothing of it runs yet."""
    with system(
        bootstrap=apache_broker.bootstrap,
        broker=Broker.KAFKA,
        database_url=database,
        directory=tmp_path,
        start=fork,
        SCORING_SESSION_SECONDS="3",
        SCORING_MAX_RECORDS="100",
        SCORING_LATE_SECONDS="2",
        SCORING_HOUSEKEEPING_SECONDS="0.5",
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


@pytest.fixture(scope="module")
def talking_office(tmp_path_factory: pytest.TempPathFactory) -> Office:
    return Office(tmp_path_factory.mktemp("office"))


@pytest.fixture(scope="module", params=BROKERS)
def talking(
    request: pytest.FixtureRequest,
    postgres: Postgres,
    tables: str,
    tmp_path_factory: pytest.TempPathFactory,
    talking_office: Office,
    fork: Start,
) -> Iterator[System]:
    """All that lies between a post and a message, with two replicas of alerts, for tests that hurt none of them."""
    name = f"test_{uuid.uuid4().hex}"
    with system(
        bootstrap=_bootstrap(request.param, request),
        broker=request.param,
        database_url=postgres.create_database(name, like=tables),
        directory=tmp_path_factory.mktemp("talking"),
        start=fork,
        card=MOOD,
        more={**HURRIED, **talking_office.settings},
    ) as made:
        made.started("worker", "ingest", "alerts", "alerts")
        yield made
    postgres.drop_database(name)


@pytest.fixture
async def overheard(talking: System, talking_office: Office, http: httpx.AsyncClient) -> AsyncIterator[Alerting]:
    async with talking_office:
        yield Alerting(talking, talking_office, http)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


@pytest.fixture
def card() -> str:
    return MOOD


@pytest.fixture(params=BROKERS)
def own(
    request: pytest.FixtureRequest, database: str, tmp_path: Path, office: Office, card: str, fork: Start
) -> Iterator[System]:
    """A system of this test's own whose alerts tell its office; nothing of it runs yet."""
    with system(
        bootstrap=_bootstrap(request.param, request),
        broker=request.param,
        database_url=database,
        directory=tmp_path,
        start=fork,
        card=card,
        SCORING_LATE_SECONDS="1",
        SCORING_SESSION_SECONDS="2",
        more={**HURRIED, **office.settings},
    ) as made:
        yield made


@pytest.fixture
async def alerting(own: System, office: Office, http: httpx.AsyncClient) -> AsyncIterator[Alerting]:
    async with office:
        yield Alerting(own, office, http)
