"""The real servers, as pytest fixtures: started when a test first asks for them, ended with the session."""

import asyncio
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.stack import apache_kafka
from local.stack.apache_kafka import ApacheKafka
from local.stack.embedded_broker import EmbeddedBroker
from local.stack.postgres import Postgres
from local.stack.servers import LOCAL


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    with _server() as server:
        yield server


@pytest.fixture
def own_postgres() -> Iterator[Postgres]:
    """A server that this test may stop."""
    with _server() as server:
        yield server


@contextmanager
def _server() -> Iterator[Postgres]:
    # Not pytest's own directory: it is closed to the user that the server runs as if we are root.
    directory = Path(tempfile.mkdtemp(prefix="pg-"))
    directory.chmod(0o755)
    server = Postgres(directory, durable=False)
    try:
        server.start()
        yield server
    finally:
        server.remove()


@pytest.fixture(scope="session")
def tables(postgres: Postgres) -> str:
    """The name of a database that every service has migrated and nobody writes to: `database` is a copy of it."""
    from common.database import migrate  # not above: SQLAlchemy takes a third of a second, and most files need none

    url = postgres.create_database("tables")
    for service in ("ingest", "scoring", "alerts", "console"):
        asyncio.run(migrate(url, service))
    return "tables"


@pytest.fixture
def database(postgres: Postgres, tables: str) -> Iterator[str]:
    """The URL of a database of this test's own: the tables of all services, without a row."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres.create_database(name, like=tables)
    postgres.drop_database(name)


@pytest.fixture
def empty_database(postgres: Postgres) -> Iterator[str]:
    """The same without a table, for tests of migrations and of what is said before them."""
    name = f"test_{uuid.uuid4().hex}"
    yield postgres.create_database(name)
    postgres.drop_database(name)


@pytest.fixture(scope="session")
def embedded_broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedBroker]:
    broker = EmbeddedBroker(tmp_path_factory.mktemp("embedded"))
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()


@pytest.fixture(scope="session")
def kafka_jars() -> Path:
    """Skips without Java and Maven, but fails where CI says that they must be there."""
    if reason := apache_kafka.available():
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"Apache Kafka: {reason}")
    # Fetched once a checkout, not once a session.
    return apache_kafka.jars(LOCAL)


@pytest.fixture(scope="session")
def apache_broker(kafka_jars: Path) -> Iterator[ApacheKafka]:
    directory = Path(tempfile.mkdtemp(prefix="kafka-"))
    broker = ApacheKafka(directory, libraries=kafka_jars)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(directory, ignore_errors=True)
