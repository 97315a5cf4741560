"""The read API for tests: in this process, over the tables that a harness's workers have written."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from sqlalchemy import text

from common.erasures.erasure_key import ErasureKey
from common.exports.routes import export_routes
from common.health_endpoints import Readiness
from common.keyring import Keyring
from common.keys import KeyStore, Scope
from scoring.api import routes
from scoring.api.account_queries import AccountQueries
from scoring.api.active_card import ActiveCardReader
from scoring.api.announcements import AnnouncementService
from scoring.api.event_uses import EventUseQueries
from scoring.api.export import row_schemas, scoring_exports
from scoring.api.kpi_metrics import KpiMetrics
from scoring.api.kpi_queries import KpiPace, KpiQueries
from scoring.api.listing import Listing
from scoring.api.metrics import ApiMetrics
from scoring.api.portfolio import PortfolioQueries
from scoring.api.refresher import RankingStore, Refresher, RefreshPace
from scoring.api.snapshot_reader import SnapshotReader
from scoring.kpis.entry_source import EntrySource
from scoring.postgres.announcements import AnnouncementTable
from scoring.postgres.kpi_entries import PostgresKpiEntries
from scoring.postgres.rankings import PostgresRankingStore
from scoring.postgres.snapshot import SnapshotSource
from scoring.worker.heartbeat import Heartbeat
from support.scoring_harness import DAY, START, ScoringHarness, event

FRESH = 5.0
KEEP = 300.0
ERASURE_KEY = ErasureKey("a key of thirty-two characters, at least")


class Api:
    """Asks with a key that may read, at the time of the harness's clock."""

    def __init__(
        self,
        harness: ScoringHarness,
        app: FastAPI,
        *,
        active_card: ActiveCardReader,
        snapshots: SnapshotReader,
        kpis: KpiQueries,
        registry: CollectorRegistry,
        token: str,
        admin: str,
    ) -> None:
        self.harness = harness
        self.app = app
        self.active_card = active_card
        self.snapshots = snapshots
        self._kpis = kpis
        self.refresher = self.refreshes(PostgresRankingStore(harness.engine, patience=10.0), every=0.0)
        self.token = token
        self._admin = {"authorization": f"Bearer {admin}"}
        self._registry = registry
        transport = httpx.ASGITransport(app)
        headers = {"authorization": f"Bearer {token}"}
        self.http = httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers)

    async def get(self, path: str, **query: Any) -> Any:
        """What a good question is answered with; `from_` asks for `from`."""
        answer = await self.ask(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def problem(self, path: str, **query: Any) -> Any:
        answer = await self.ask(path, **query)
        assert answer.headers["content-type"] == "application/problem+json", answer.text
        return answer.json()

    async def ask(self, path: str, **query: Any) -> httpx.Response:
        if self.active_card.trouble():
            await self.active_card.read()
        return await self.http.get(path, params={name.rstrip("_"): value for name, value in query.items()})

    async def announce(self, body: Any) -> httpx.Response:
        return await self.http.post("/v1/announcements", json=body, headers=self._admin)

    async def list_announcements(self, **query: Any) -> httpx.Response:
        return await self.http.get("/v1/announcements", params=query, headers=self._admin)

    async def export(self, account_id: str, **query: str) -> httpx.Response:
        """As an operator asks."""
        if self.active_card.trouble():
            await self.active_card.read()
        return await self.http.get(f"/v1/accounts/{account_id}/export", params=query, headers=self._admin)

    async def announcements(self, **query: Any) -> Any:
        answer = await self.list_announcements(**query)
        assert answer.status_code == 200, answer.text
        return answer.json()["announcements"]

    async def ids(self, **query: Any) -> list[str]:
        return [row["account_id"] for row in (await self.get("/v1/accounts", **query))["accounts"]]

    async def walk(self, **query: Any) -> list[str]:
        """Through all pages, one after the other."""
        found: list[str] = []
        page = await self.get("/v1/accounts", **query)
        while True:
            found += [row["account_id"] for row in page["accounts"]]
            if page["next_cursor"] is None:
                return found
            page = await self.get("/v1/accounts", **query, cursor=page["next_cursor"])

    def refreshes(self, store: RankingStore, *, every: float) -> Refresher:
        """What makes rankings, and leaves no time to requests."""
        pace = RefreshPace(every=every, share=1.0, keep=KEEP)
        return Refresher(store, self.snapshots, pace=pace, clock=self.harness.clock, steady=time.monotonic)

    async def rank(self) -> None:
        """Makes a ranking, as the process does in the background."""
        if self.active_card.trouble():
            await self.active_card.read()
        await self.refresher.refresh(asyncio.Event())

    async def kpis(self, **query: Any) -> Any:
        """KPIs of what was scored until now."""
        await self.read_kpi_entries()
        return await self.get("/v1/kpis", **query)

    async def read_kpi_entries(self) -> None:
        """As the process does in the background."""
        if self.active_card.trouble():
            await self.active_card.read()
        await self._kpis.refresh()

    @asynccontextmanager
    async def reading_kpis(self) -> AsyncIterator[None]:
        """Entries are read in the background, as in the process, until the block is left."""
        stop = asyncio.Event()
        reading = asyncio.create_task(self._kpis.run(stop))
        yield
        stop.set()
        await reading

    def kpi_entries_read(self) -> float:
        """How many entries have come from the table so far."""
        return self._registry.get_sample_value("churn_scoring_kpi_entries_read_total") or 0.0

    async def heartbeat(self, *, at: float, caught_up: bool = True) -> None:
        """What the owners of all partitions say of themselves."""
        await self.harness.store.write_heartbeats(
            [Heartbeat(n, at, caught_up, 0.0) for n in range(self.harness.partitions)]
        )

    async def execute(self, statement: str, **values: Any) -> None:
        async with self.harness.engine.begin() as connection:
            await connection.execute(text(statement), values)

    def count(self, name: str, **labels: str) -> float:
        return self._registry.get_sample_value(f"churn_scoring_api_{name}", labels) or 0.0


@asynccontextmanager
async def scoring_api(harness: ScoringHarness) -> AsyncIterator[Api]:
    store = KeyStore(harness.engine, schema="scoring")
    token = await store.create(source="reports", scopes=frozenset({Scope.READ}))
    admin = await store.create(source="operations", scopes=frozenset({Scope.ADMIN}))
    registry, keys = CollectorRegistry(), Keyring(store)
    tables = SnapshotSource(harness.engine, patience=30.0)
    active_card, metrics = ActiveCardReader(tables), ApiMetrics(registry)
    snapshots = SnapshotReader(tables, active_card, metrics=metrics, fresh=FRESH, clock=harness.clock)
    reading = AccountQueries(snapshots)
    source = EntrySource(PostgresKpiEntries(harness.engine, patience=10.0), clock=harness.clock)
    kpis = KpiQueries(
        source,
        snapshots,
        active_card,
        metrics=KpiMetrics(registry),
        pace=KpiPace(first=0.0, retry=0.01),
        steady=time.monotonic,
    )
    app = routes.build(
        Listing(snapshots, kpis),
        reading,
        PortfolioQueries(snapshots, kpis),
        EventUseQueries(snapshots),
        AnnouncementService(AnnouncementTable(harness.engine, patience=10.0), active_card, clock=harness.clock),
        kpis,
        keys=keys,
        metrics=metrics,
        readiness=Readiness({"card": active_card.trouble}),
        registry=registry,
    )
    exports = scoring_exports(reading, harness.engine, key=ERASURE_KEY, patience=30.0)
    app.include_router(export_routes(exports, keys, row_schemas=row_schemas()))
    api = Api(
        harness, app, active_card=active_card, snapshots=snapshots, kpis=kpis, registry=registry, token=token,
        admin=admin,
    )  # fmt: skip
    async with api.http:
        yield api


async def live(harness: ScoringHarness, account_id: str, *, days: int, **facts: Any) -> None:
    """An account that comes every day from the start on, with three people, and then no more."""
    if facts:
        await harness.post(event(account_id, "account.updated", START, properties=facts))
    for n in range(days):
        for user in ("ann", "bob", "cid"):
            at = START + n * DAY
            await harness.post(
                event(account_id, "session.started", at, user_id=user, event_id=f"{account_id} {user} {n}")
            )
