"""The read API as the process that operators start."""

import asyncio
import sys
from pathlib import Path

import httpx

from common import database as tables
from common.keys import KeyStore, Scope
from common.topics import TimeMode
from local.stack.processes import Process, free_port
from scoring.core_form import core_form
from support.cards import SMALL
from support.scoring_api import live
from support.scoring_harness import DAY, START, scoring_harness

PATIENCE = 60.0


async def test_a_process_started_before_scoring_answers_once_there_is_something_to_say(
    database: str, tmp_path: Path
) -> None:
    engine = tables.engine(database)
    key = await KeyStore(engine, schema="scoring").create(source="reports", scopes=frozenset({Scope.READ}))
    await engine.dispose()
    port = free_port()
    process = Process(
        [sys.executable, "-m", "scoring", "api"],
        log=tmp_path / "api.log",
        env={
            "DATABASE_URL": database,
            "SCORING_API_PORT": str(port),
            "SCORING_RANKING_SECONDS": "0.2",
            "LOG_FORMAT": "json",
        },
    )
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as http:
            await answering(process, http, ready=503)
            assert "scoring has not started yet" in (await http.get("/readyz")).text
            async with scoring_harness(database, SMALL, mode=TimeMode.STREAM) as built:
                await live(built, "a/b", days=3)
                await built.tick(START + 10 * DAY)
                await built.score()
            await answering(process, http, ready=200)
            http.headers["authorization"] = f"Bearer {key}"
            (row,) = (await http.get("/v1/accounts")).json()["accounts"]
            await ordered(http)
            one = (await http.get("/v1/accounts/a%2Fb")).json()
            receipts = (await http.get("/v1/accounts/a%2Fb/receipts")).json()
            counted = (await http.get("/metrics")).text
            alive = (await http.get("/healthz")).json()
    finally:
        process.stop()
    assert row["account_id"] == receipts["account_id"] == "a/b"
    assert row["score"] == one["score"] == receipts["level"]["score"]
    assert 'churn_scoring_api_requests_total{route="/v1/accounts",status_class="2xx"}' in counted
    assert "churn_scoring_ranked_accounts_total " in counted
    assert "process.ended" in process.log.read_text()
    # In which form the core runs is said three times.
    (started,) = (line for line in process.log.read_text().splitlines() if "process.started" in line)
    assert alive == {"status": "alive", "core": core_form()}
    assert f'"core": "{core_form()}"' in started
    assert f'churn_scoring_core_info{{form="{core_form()}"}} 1.0' in counted


async def ordered(http: httpx.AsyncClient) -> None:
    """Until the list follows a ranking."""
    async with asyncio.timeout(PATIENCE):
        while True:
            if (await http.get("/v1/accounts")).json()["ordered_as_of"] is not None:
                return
            await asyncio.sleep(0.05)


async def answering(process: Process, http: httpx.AsyncClient, *, ready: int) -> None:
    async with asyncio.timeout(PATIENCE):
        while True:
            assert process.running, process.log.read_text()
            try:
                if (await http.get("/readyz")).status_code == ready:
                    return
            except httpx.TransportError:
                pass
            await asyncio.sleep(0.05)
