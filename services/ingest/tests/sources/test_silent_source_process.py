"""Two processes of ingest, PostgreSQL and a fake scoring over HTTP: a source falls silent and comes back."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx

from common.database import engine, migrate
from common.keys import KeyStore, Scope
from ingest.sources.announcement import paused, resumed
from local.stack.embedded_broker import EmbeddedBroker
from local.stack.postgres import Postgres
from support.announcements import KEY, AnnouncementSink
from support.service import Service
from support.source_rows import heard

LAST = datetime.now(UTC) - timedelta(hours=6)
GOOD = {"account_id": "acme", "name": "report.opened"}


@asynccontextmanager
async def process(settings: dict[str, str], log: Path) -> AsyncIterator[Service]:
    service = Service("ingest", "ingest serve", environment=settings, log=log)
    try:
        yield await service.ready()
    finally:
        if service.running:
            service.kill()


async def until(true: Callable[[], Awaitable[bool] | bool]) -> None:
    """Longer than a minute: a process may be killed while it has claimed an announcement."""
    async with asyncio.timeout(100):
        while True:
            found = true()
            if found if isinstance(found, bool) else await found:
                return
            await asyncio.sleep(0.05)


async def test_a_silence_and_its_end_are_announced_once_through_a_restart_and_an_outage(
    own_postgres: Postgres, embedded_broker: EmbeddedBroker, tmp_path: Path
) -> None:
    url = own_postgres.create_database("sources")
    await migrate(url, "ingest")
    pool = engine(url, pool_size=1)
    token = await KeyStore(pool, schema="ingest").create(source="web", scopes=frozenset({Scope.WRITE, Scope.READ}))
    await heard(pool, "web", last=LAST)
    await pool.dispose()
    bearer = {"authorization": f"Bearer {token}"}
    async with AnnouncementSink().listening() as scoring, httpx.AsyncClient(headers=bearer, timeout=30) as http:
        settings = {
            "DATABASE_URL": url,
            "KAFKA_BOOTSTRAP": embedded_broker.bootstrap,
            "TOPIC_PREFIX": f"{uuid4().hex}.",
            "PARTITIONS": "2",
            "INGEST_PORT": "0",
            "LOG_FORMAT": "json",
            "INGEST_SOURCES_SECONDS": "0.2",
            "INGEST_SOURCES_SETTLE_SECONDS": "0",
            "INGEST_SCORING_URL": scoring.url,
            "INGEST_SCORING_KEY": KEY,
        }

        async def source(service: Service) -> dict[str, Any]:
            found: dict[str, Any] = (await http.get(f"{service.url}/v1/sources/web")).json()["summary"]
            return found

        # Scoring does not take it, and both processes are killed.
        scoring.status = 503
        async with process(settings, tmp_path / "a.log") as first, process(settings, tmp_path / "b.log") as second:
            await until(lambda: bool(first.said("announcement.waits") or second.said("announcement.waits")))
            assert (await source(first))["announcement"] == "waiting"
            assert len(first.said("source.silent") + second.said("source.silent")) == 1
            assert 'churn_ingest_source_silent{source="web"} 1.0' in (await http.get(f"{first.url}/metrics")).text
        assert scoring.taken == []
        scoring.status = 202

        async with AsyncExitStack() as running:
            first, second = [
                await running.enter_async_context(process(settings, tmp_path / f"{name}.log")) for name in "cd"
            ]
            await until(lambda: len(scoring.taken) > 0)
            assert [body["id"] for body in scoring.taken] == [paused("web", LAST).id]
            # Its key is known from now on, also while PostgreSQL is away.
            for each in (first, second):
                await http.post(f"{each.url}/v1/events?dry_run=true", json=GOOD)
            own_postgres.stop()
            for each in (first, second):
                answer = await http.post(f"{each.url}/v1/events", json=[GOOD] * 20)
                assert answer.status_code == 202
                await until(lambda each=each: bool(each.said("database.unavailable")))  # type: ignore[misc]
                assert (await http.get(f"{each.url}/v1/sources/web")).status_code == 503
            own_postgres.start()
            await until(lambda: len(scoring.taken) > 1)
            assert [body["id"] for body in scoring.taken] == [paused("web", LAST).id, resumed("web", LAST).id]

            async def is_filed() -> bool:
                found = await source(first)
                return (found["announcement"], found["this_hour"] + found["last_hour"]["events"]) == ("filed", 40)

            await until(is_filed)
            assert await first.terminate() == 0
            assert await second.terminate() == 0
        assert len({body["id"] for body in scoring.taken}) == len(scoring.taken) == 2
