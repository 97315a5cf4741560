"""GET /v1/erasures/{id}: what scoring deleted of whom, told from a table that has no ids of theirs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from common.database import engine
from common.erasures.receipts import ErasureReceipts, receipt_routes
from common.health_endpoints import Readiness
from common.http_app import build_app
from common.keyring import Keyring
from common.keys import Scope
from common.memory_keys import MemoryKeys
from common.topics import TimeMode

NOWHERE = "postgresql+asyncpg://nobody@127.0.0.1:1/none"
ROWS = """
INSERT INTO scoring.erased
    (partition, pseudonym, erased_at, lifted_at, cluster_id, fingerprint, erasure_id, at, removed)
VALUES (3, '\\xaa', 10, 15, 'cluster', 'key', 'r-1', 1769860800, '{"states": 1, "people": 2}'),
       (3, '\\xaa', 12, 15, 'cluster', 'key', 'r-1', 1769860900, '{"states": 0, "people": 0}')
"""
OF_ANOTHER_PARTITION = """
INSERT INTO scoring.erased (partition, pseudonym, erased_at, cluster_id, fingerprint, erasure_id, at, removed)
VALUES (0, '\\xaa', 7, 'cluster', 'key', 'r-1', 1769860700, '{"states": 3, "people": 0}')
"""


@asynccontextmanager
async def asking(database: str) -> AsyncIterator[httpx.AsyncClient]:
    connected, keys = engine(database), MemoryKeys()
    receipts = ErasureReceipts(connected, schema="scoring", retention_days=35, mode=TimeMode.WALL)
    app = build_app("receipts", readiness=Readiness({}), registry=CollectorRegistry())
    app.include_router(receipt_routes(receipts, Keyring(keys)))
    bearer = {"authorization": f"Bearer {keys.create(scopes=frozenset({Scope.ADMIN}))}"}
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://scoring", headers=bearer) as http:
        yield http
    await connected.dispose()


async def test_the_receipt_is_that_of_the_first_record(database: str) -> None:
    """A record that was read twice found nothing to delete the second time."""
    connected = engine(database)
    async with connected.begin() as connection:
        await connection.execute(text("TRUNCATE scoring.erased"))
        await connection.execute(text(ROWS))
    await connected.dispose()
    async with asking(database) as http:
        answer = await http.get("/v1/erasures/r-1")
        assert (answer.status_code, answer.json()) == (
            200,
            {
                "service": "scoring",
                "erasure_id": "r-1",
                "erased_at": "2026-01-31T12:00:00Z",
                "partitions": 1,
                "lifted": True,
                "removed": {"states": 1, "people": 2},
                "log_forgets_on": "2026-03-15",
            },
        )
        unknown = await http.get("/v1/erasures/r-2")
        assert (unknown.status_code, unknown.json()["code"]) == (404, "erasure_not_found")
        impossible = await http.get("/v1/erasures/nul%00")
        assert (impossible.status_code, impossible.json()["code"]) == (422, "bad_parameter")


async def test_the_receipt_of_a_person_adds_up_the_partitions_that_have_read_the_record(database: str) -> None:
    """It is lifted where all of them say so."""
    connected = engine(database)
    async with connected.begin() as connection:
        await connection.execute(text("TRUNCATE scoring.erased"))
        await connection.execute(text(ROWS))
        await connection.execute(text(OF_ANOTHER_PARTITION))
    await connected.dispose()
    async with asking(database) as http:
        answer = (await http.get("/v1/erasures/r-1")).json()
    assert (answer["partitions"], answer["removed"], answer["lifted"]) == (2, {"states": 4, "people": 2}, False)


async def test_while_the_database_is_away_it_says_so() -> None:
    async with asking(NOWHERE) as http:
        answer = await http.get("/v1/erasures/r-1")
        assert (answer.status_code, answer.json()["code"]) == (503, "database_unavailable")
