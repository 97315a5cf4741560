"""The one place that knows the concrete classes of the worker."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from common import database, health_endpoints
from common.bus.kafka import KafkaAdmin, KafkaConsumer, KafkaProducer
from common.bus.partitioner import partition_of
from common.metrics import registry
from common.runtime import Application
from common.startup import Startup, StartupWaits
from common.topics import TimeMode, Topics, ensure
from http_guard.limits import ConnectionLimits
from scoring.cards.country_days import country_days
from scoring.cards.identity import use_pinned_time_zones
from scoring.core_form import core_form
from scoring.health import REQUEST_SECONDS, Scorer
from scoring.partition.origin import require_same_origin
from scoring.postgres.housekeeping import PostgresHousekeepingStore
from scoring.postgres.store import PostgresStore
from scoring.settings import ScoringSettings
from scoring.worker.assembly import WorkerClocks, WorkerParts, WorkerRules, assemble, origin
from scoring.worker.context import WorkerLimits
from scoring.worker.housekeeping.metrics import HousekeepingMetrics
from scoring.worker.housekeeping.rules import RetentionRules
from scoring.worker.metrics import WorkerMetrics
from scoring.worker.worker import ScoringWorker


@asynccontextmanager
async def worker(settings: ScoringSettings) -> AsyncIterator[Application]:
    """A worker, wired but not yet running. It waits for PostgreSQL and Kafka while the process serves HTTP.

    Raises `InvalidCard`. Any other reason not to run needs PostgreSQL's answer, and ends the process then.
    """
    use_pinned_time_zones()
    text = settings.scoring_card.read_text(encoding="utf-8")
    card, own_origin = origin(
        text,
        name=str(settings.scoring_card),
        time_mode=settings.time_mode,
        partitions=settings.partitions,
        first_look_seconds=settings.scoring_first_look_seconds,
    )
    topics = Topics(settings.topic_prefix)
    prometheus = registry(service="scoring", process="worker")
    async with AsyncExitStack() as closing:
        store = PostgresStore(_engine(settings, closing, connections=5), patience=settings.scoring_database_seconds)
        # A connection of its own: scoring never waits for housekeeping.
        housekeeping_engine = _engine(settings, closing, connections=1)
        producer = KafkaProducer(settings.kafka_bootstrap, deadline=settings.scoring_send_seconds)
        closing.push_async_callback(producer.stop)
        admin = KafkaAdmin(settings.kafka_bootstrap)
        metrics, housekeeping_metrics = WorkerMetrics(prometheus), HousekeepingMetrics(prometheus)
        metrics.partitions(own_origin.partitions)  # while it waits, too: an alert compares it with the partitions owned
        waits = StartupWaits()

        async def connect_to_log() -> str:
            """The cluster's id, once the log has its topics and the producer is connected."""
            await ensure(admin, topics, **settings.topic_settings())
            cluster_id = await admin.cluster_id()
            await producer.start()
            return cluster_id

        async def build_worker() -> ScoringWorker:
            """Raises `StopWorker` or `TopicMismatch` if its settings do not fit the journal or the topics."""
            origins = await waits.for_database(store.load_origins)
            require_same_origin(own_origin, origins)
            parts = WorkerParts(
                consumer=_consumer(settings, topics),
                producer=producer,
                admin=admin,
                store=store,
                housekeeping_store=PostgresHousekeepingStore(
                    housekeeping_engine, patience=settings.scoring_database_seconds
                ),
                metrics=metrics,
                housekeeping_metrics=housekeeping_metrics,
                clocks=WorkerClocks(wall=time.time, steady=time.monotonic),
                cluster_id=await waits.for_log(connect_to_log),
                partition_of=partition_of,
            )
            wall = settings.time_mode is TimeMode.WALL
            scorer = Scorer(
                card,
                own_origin.card_id,
                strict=False,
                calendars=country_days,
                request_seconds=REQUEST_SECONDS if wall else None,
                first_look_seconds=own_origin.first_look_seconds,
            )
            return assemble(parts, _rules(settings, topics), scorer=scorer, origin=own_origin)

        startup = Startup(build_worker, outages=waits.outages)
        yield _application(settings, startup, producer=producer, prometheus=prometheus)


def _engine(settings: ScoringSettings, closing: AsyncExitStack, *, connections: int) -> AsyncEngine:
    """With a pool of its own, which `closing` disposes of."""
    engine = database.engine(
        settings.database_url, pool_size=connections, pool_timeout=settings.scoring_database_seconds, pre_ping=False
    )
    closing.push_async_callback(engine.dispose)
    return engine


def _consumer(settings: ScoringSettings, topics: Topics) -> KafkaConsumer:
    return KafkaConsumer(
        settings.kafka_bootstrap,
        topics.events,
        group=settings.scoring_group,
        session_timeout=settings.scoring_session_seconds,
        fetch_max_wait=settings.scoring_fetch_wait_ms / 1000,
    )


def _application(
    settings: ScoringSettings,
    startup: Startup[ScoringWorker],
    *,
    producer: KafkaProducer,
    prometheus: CollectorRegistry,
) -> Application:
    readiness = health_endpoints.Readiness(
        {
            "partitions": lambda: startup.not_ready_reason(ScoringWorker.ready),
            "producer": lambda: startup.not_ready_reason(
                lambda _: None if producer.healthy else "the producer is being replaced"
            ),
        },
        about={"core": core_form()},
    )
    return Application(
        name="scoring worker",
        http=Starlette(routes=health_endpoints.routes(readiness, prometheus)),
        host=settings.host,
        port=settings.scoring_worker_port,
        readiness=readiness,
        tasks={"worker": startup.then(lambda worker: worker.run)},
        notice=settings.drain_notice_seconds,
        grace=settings.drain_seconds,
        limits=ConnectionLimits(connections=settings.http_connections),
    )


def _rules(settings: ScoringSettings, topics: Topics) -> WorkerRules:
    return WorkerRules(
        topics=topics,
        limits=WorkerLimits(
            remembered=settings.scoring_remembered_ids,
            cached=settings.scoring_accounts_mb * 1e6,
            chunk=settings.scoring_chunk,
            poisoned=settings.scoring_poisoned,
            poisoned_within=settings.scoring_poisoned_seconds,
        ),
        max_records=settings.scoring_max_records,
        late_after=settings.scoring_late_seconds,
        log_patience=settings.scoring_send_seconds,
        retention=RetentionRules(
            every=settings.scoring_housekeeping_seconds,
            journal_days=settings.scoring_journal_days,
            history_days=settings.scoring_history_days,
        ),
        erasure_key=settings.erasures_by(),
    )
