"""The one place that knows the concrete classes of the read API."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from common import database
from common.erasures.receipts import ErasureReceipts, receipt_routes
from common.exports.routes import export_routes
from common.health_endpoints import Readiness
from common.key_routes import key_routes
from common.key_usage import KeyUsage
from common.keyring import Keyring
from common.keys import KeyStore
from common.metrics import registry
from common.runtime import Application
from http_guard.limits import ConnectionLimits
from scoring.api import routes
from scoring.api.account_queries import AccountQueries
from scoring.api.active_card import ActiveCardReader
from scoring.api.announcements import AnnouncementService
from scoring.api.event_uses import EventUseQueries
from scoring.api.export import row_schemas, scoring_exports
from scoring.api.freshness import FreshnessMonitor
from scoring.api.kpi_metrics import KpiMetrics
from scoring.api.kpi_queries import KpiPace, KpiQueries
from scoring.api.listing import Listing
from scoring.api.metrics import ApiMetrics
from scoring.api.portfolio import PortfolioQueries
from scoring.api.refresher import Refresher, RefreshPace
from scoring.api.snapshot_reader import SnapshotReader
from scoring.cards.identity import use_pinned_time_zones
from scoring.core_form import core_form
from scoring.kpis.entry_source import EntrySource
from scoring.postgres.announcements import AnnouncementTable
from scoring.postgres.kpi_entries import PostgresKpiEntries
from scoring.postgres.rankings import PostgresRankingStore
from scoring.postgres.snapshot import SnapshotSource
from scoring.settings import ScoringSettings


@asynccontextmanager
async def api(settings: ScoringSettings) -> AsyncIterator[Application]:
    """Everything that `python -m scoring api` runs, ready to be started; scoring need not have begun."""
    use_pinned_time_zones()
    prometheus = registry(service="scoring", process="api")
    async with AsyncExitStack() as closing:
        # A connection of their own for keys: long lists must not delay the check of a key.
        for_keys = database.engine(settings.database_url, pool_size=1)
        closing.push_async_callback(for_keys.dispose)
        for_tables = database.engine(settings.database_url, pool_size=settings.scoring_api_connections)
        closing.push_async_callback(for_tables.dispose)
        for_rankings = database.engine(settings.database_url, pool_size=1)
        closing.push_async_callback(for_rankings.dispose)

        key_store = KeyStore(for_keys, schema="scoring")
        key_usage = KeyUsage(key_store)
        keyring = Keyring(key_store, ttl=settings.key_ttl_seconds, used=key_usage.used)
        tables = SnapshotSource(for_tables, patience=settings.scoring_api_request_seconds)
        active_card = ActiveCardReader(tables)
        announcements = AnnouncementTable(for_tables, patience=settings.scoring_api_request_seconds)
        metrics = ApiMetrics(prometheus)
        snapshots = SnapshotReader(
            tables, active_card, metrics=metrics, fresh=settings.scoring_api_fresh_seconds, clock=time.time
        )
        freshness = FreshnessMonitor(
            tables, active_card, metrics=metrics, fresh=settings.scoring_api_fresh_seconds, clock=time.time
        )
        refresher = Refresher(
            PostgresRankingStore(for_rankings, patience=settings.scoring_database_seconds),
            snapshots,
            pace=RefreshPace(
                every=settings.scoring_ranking_seconds,
                share=settings.scoring_ranking_share,
                keep=settings.scoring_ranking_keep_seconds,
            ),
            clock=time.time,
            steady=time.monotonic,
        )
        readiness = Readiness(
            {"card": active_card.trouble, "keys": keyring.not_ready_reason}, about={"core": core_form()}
        )
        reading = AccountQueries(snapshots)
        entries = PostgresKpiEntries(for_tables, patience=settings.scoring_api_request_seconds)
        kpis = KpiQueries(
            EntrySource(entries, clock=time.time),
            snapshots,
            active_card,
            metrics=KpiMetrics(prometheus),
            pace=KpiPace(every=settings.scoring_kpi_seconds),
            steady=time.monotonic,
        )
        http = routes.build(
            Listing(snapshots, kpis),
            reading,
            PortfolioQueries(snapshots, kpis),
            EventUseQueries(snapshots),
            AnnouncementService(announcements, active_card, clock=time.time),
            kpis,
            keys=keyring,
            metrics=metrics,
            readiness=readiness,
            registry=prometheus,
        )
        exports = scoring_exports(
            reading,
            for_tables,
            key=settings.erasures_by(),
            patience=settings.scoring_api_request_seconds,
        )
        http.include_router(export_routes(exports, keyring, row_schemas=row_schemas()))
        receipts = ErasureReceipts(
            for_tables, schema="scoring", retention_days=settings.retention_days, mode=settings.time_mode
        )
        http.include_router(receipt_routes(receipts, keyring))
        http.include_router(key_routes(key_store, keyring, service="scoring"))
        yield Application(
            name="scoring api",
            http=http,
            host=settings.host,
            port=settings.scoring_api_port,
            readiness=readiness,
            tasks={
                "keys": keyring.keep_fresh,
                "key usage": key_usage.keep_written,
                "card": active_card.run,
                "freshness": freshness.run,
                "ranking": refresher.run,
                "kpis": kpis.run,
            },
            notice=settings.drain_notice_seconds,
            grace=settings.drain_seconds,
            limits=ConnectionLimits(connections=settings.http_connections),
        )
