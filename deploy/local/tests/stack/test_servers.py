"""The servers of the stack without Docker, as `make up` uses them."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from common.bus.kafka import KafkaAdmin
from local.stack.embedded_broker import EmbeddedBroker
from local.stack.postgres import Postgres
from local.stack.processes import Process, ServerError, alive, known_brokers, stop_pid

pytestmark = pytest.mark.servers


@pytest.fixture
def directory() -> Iterator[Path]:
    # Open to the user that PostgreSQL runs as when we are root.
    with tempfile.TemporaryDirectory(prefix="local-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


async def asked(url: str, statement: str) -> object:
    engine = create_async_engine(url)
    try:
        async with engine.begin() as connection:
            result = await connection.execute(text(statement))
            return result.scalar() if result.returns_rows else None
    finally:
        await engine.dispose()


async def test_every_test_has_an_empty_database_of_its_own(database: str, postgres: Postgres) -> None:
    assert await asked(database, "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    assert await asked(database, "SHOW fsync") == "off"
    other = postgres.create_database("another")
    await asked(other, "CREATE TABLE there (n int)")
    assert await asked(database, "SELECT count(*) FROM pg_tables WHERE tablename = 'there'") == 0
    postgres.drop_database("another")
    with pytest.raises(DBAPIError, match="does not exist"):
        await asked(other, "SELECT 1")


async def test_what_was_committed_outlives_the_death_of_the_server(directory: Path) -> None:
    server = Postgres(directory / "pg")
    server.start()
    try:
        url = server.create_database("kept")
        await asked(url, "CREATE TABLE kept AS SELECT 7 AS n")
        server.kill()
        assert not server.running
        server.start()
        assert await asked(url, "SELECT n FROM kept") == 7
    finally:
        server.remove()


async def test_data_outlive_the_server_and_the_process_that_started_it(directory: Path) -> None:
    first = Postgres(directory / "pg")
    first.start()
    try:
        url = first.create_database("kept")
        await asked(url, "CREATE TABLE kept AS SELECT 7 AS n")
        assert await asked(url, "SHOW fsync") == "on"
        second = Postgres(directory / "pg")
        second.start()
        assert await asked(second.url("kept"), "SELECT n FROM kept") == 7
        second.stop()
        assert not first.running
        first.start()
        assert await asked(url, "SELECT n FROM kept") == 7
    finally:
        first.remove()
    assert not (directory / "pg").exists()


# Too long for a unix socket, and closed to the user that PostgreSQL runs as when we are root.
@pytest.mark.parametrize(("folder", "mode"), [("long-" * 30, 0o755), ("closed", 0o700)])
async def test_the_checkout_may_lie_anywhere(directory: Path, folder: str, mode: int) -> None:
    (directory / folder).mkdir(mode=mode)
    before = os.stat(directory / folder).st_mode
    server = Postgres(directory / folder / "pg", durable=False)
    server.start()
    try:
        assert await asked(server.url(), "SELECT 1") == 1
    finally:
        server.remove()
    assert os.stat(directory / folder).st_mode == before


async def test_the_embedded_broker_is_another_cluster_after_each_start(directory: Path) -> None:
    clusters = []
    for _ in range(2):
        broker = EmbeddedBroker(directory)
        broker.start()
        try:
            clusters.append(await KafkaAdmin(broker.bootstrap).cluster_id())
        finally:
            broker.stop()
        assert known_brokers(broker.port) == 0
    assert clusters[0] != clusters[1]


def test_a_process_goes_on_without_us_until_it_is_stopped_by_its_pid(directory: Path) -> None:
    pid = Process(["sleep", "60"], log=directory / "log").leave_running()
    assert alive(pid)
    stop_pid(pid)
    assert not alive(pid)
    stop_pid(pid)


def test_a_process_that_ends_too_soon_says_where_its_log_is(directory: Path) -> None:
    process = Process(["sh", "-c", "echo no room; exit 3"], log=directory / "log")
    with pytest.raises(ServerError, match=r"ended with 3: see .*log"):
        process.wait_until(lambda: False, timeout=10)
    assert (directory / "log").read_text() == "no room\n"
