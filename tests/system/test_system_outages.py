"""What the system does while PostgreSQL is away, and when the log is not the one that it knows."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from local.stack.embedded_broker import EmbeddedBroker
from local.stack.postgres import Postgres
from local.stack.servers import Broker
from support.audit import audit
from support.client import Client, happening
from support.load import loaded
from support.starts import Start
from support.system import System, system


@pytest.fixture
def on_own_postgres(
    own_postgres: Postgres, embedded_broker: EmbeddedBroker, tmp_path: Path, fork: Start
) -> Iterator[System]:
    with system(
        bootstrap=embedded_broker.bootstrap,
        broker=Broker.EMBEDDED,
        database_url=own_postgres.create_database("churn"),
        directory=tmp_path,
        start=fork,
        KEY_TTL_SECONDS="0.5",
    ) as made:
        yield made


async def test_without_postgresql_ingest_goes_on_and_scoring_resumes(
    on_own_postgres: System, own_postgres: Postgres, http: httpx.AsyncClient
) -> None:
    client = Client(on_own_postgres, http)
    ingest, worker, _ = await on_own_postgres.up("ingest", "worker", "api")
    async with loaded(on_own_postgres) as load:
        await on_own_postgres.commits(10)
        await asyncio.to_thread(own_postgres.stop)
        before = len(load.accepted)

        async def served_by_old_keys() -> bool:
            age = await client.metric(ingest, "churn_ingest_keys_age_seconds")
            return age > 3 and len(load.accepted) > before + 200

        await on_own_postgres.until("ingest serves keys that are over their time to live", served_by_old_keys)
        stranger = await client.post(happening("acme", "session.started"), key="cs_0123456789ab_" + "x" * 43)
        assert (stranger.status_code, stranger.headers["retry-after"]) == (503, "5"), "unknown is not forbidden"
        answer = await client.ask("/v1/accounts")
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        await asyncio.to_thread(own_postgres.start)
        await on_own_postgres.commits(10)
    await on_own_postgres.scored()
    assert worker.said("partition.doubted", kind="Unreachable")
    assert (await client.ask("/v1/accounts")).status_code == 200
    assert await worker.terminate() == 0
    assert load.waits == 0, "nobody who posted noticed"
    await audit(on_own_postgres, accepted=load.accepted)


@pytest.fixture
def own_broker(tmp_path: Path) -> Iterator[EmbeddedBroker]:
    """It forgets its log when it ends."""
    broker = EmbeddedBroker(tmp_path)
    broker.start()
    yield broker
    broker.process.kill()


@pytest.fixture
def on_own_broker(own_broker: EmbeddedBroker, database: str, tmp_path: Path, fork: Start) -> Iterator[System]:
    with system(
        bootstrap=own_broker.bootstrap,
        broker=Broker.EMBEDDED,
        database_url=database,
        directory=tmp_path,
        start=fork,
    ) as made:
        yield made


async def test_another_log_stops_scoring_until_a_person_decides(
    on_own_broker: System, own_broker: EmbeddedBroker, http: httpx.AsyncClient
) -> None:
    client = Client(on_own_broker, http)
    await on_own_broker.up("ingest", "worker")
    await client.posted(*(happening("acme", "session.started", user_id="ann") for _ in range(5)))
    await on_own_broker.scored()
    known = "SELECT account_id FROM scoring.state ORDER BY 1"
    assert await on_own_broker.the("worker").terminate() == 0
    await asyncio.to_thread(own_broker.process.kill)
    await asyncio.to_thread(own_broker.start)

    refused = on_own_broker.start("worker")
    assert await refused.ended() == 1, refused.last_words()
    assert "this is another cluster" in refused.last_words()
    assert "python -m scoring log adopt" in refused.last_words()
    shown, table = await on_own_broker.command("scoring log show")
    assert (shown, table.count("this is another cluster")) == (1, on_own_broker.deployment.partitions)
    assert await on_own_broker.rows(known) == [("acme",)], "nothing was touched"

    adopted, _ = await on_own_broker.command("scoring log adopt --from earliest")
    assert adopted == 0
    await on_own_broker.up("worker")
    await client.posted(happening("beta", "session.started", user_id="bob"))
    await on_own_broker.scored()
    assert await on_own_broker.rows(known) == [("acme",), ("beta",)]
