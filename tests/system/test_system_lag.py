"""How far behind a worker says that it is, from its first moment on."""

import re
from math import isfinite

import httpx
from sqlalchemy import NullPool, text
from sqlalchemy.ext.asyncio import create_async_engine

from support.client import Client, happening
from support.service import Service
from support.system import System

BEHIND = 6.0
LAG = re.compile(r'^churn_scoring_lag_seconds\{partition="\d+"\} (\S+)$', re.MULTILINE)


async def lags(http: httpx.AsyncClient, worker: Service) -> list[float]:
    """Of the partitions that it owns."""
    if not worker.said("process.started"):
        return []
    return [float(value) for value in LAG.findall((await http.get(f"{worker.url}/metrics")).text)]


async def test_a_worker_that_starts_with_a_backlog_is_as_far_behind_as_that(
    embedded: System, http: httpx.AsyncClient
) -> None:
    client, partitions = Client(embedded, http), embedded.deployment.partitions
    accounts = [embedded.name_in(partition, "acme") for partition in range(partitions)]
    _, worker = await embedded.up("ingest", "worker")
    await client.posted(*(happening(account, "session.started") for account in accounts))
    await embedded.scored()
    await worker.terminate()
    await client.posted(*(happening(account, "session.started") for account in accounts))
    await embedded.passes(BEHIND)

    seen: list[float] = []
    engine = create_async_engine(embedded.deployment.database_url, poolclass=NullPool)
    async with engine.begin() as holding:
        # Partitions can be opened, and nothing can be scored.
        await holding.execute(text("LOCK TABLE scoring.journal IN EXCLUSIVE MODE"))
        heir = embedded.start("worker")

        async def opened() -> bool:
            found = await lags(http, heir)
            seen.extend(found)
            return len(found) == partitions and all(map(isfinite, found))

        await embedded.until("all partitions are open", opened)
        seen += await lags(http, heir)
    assert min(seen) >= BEHIND

    async def level() -> bool:
        return await lags(http, heir) == [0.0] * partitions

    await embedded.until("nothing is unread", level)
