"""The one place that knows the concrete classes of the worker."""

import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.applications import Starlette

from common import database, health_endpoints
from common.bus.errors import BusUnavailable
from common.bus.kafka import KafkaAdmin, KafkaConsumer, KafkaProducer
from common.connection_limits import ConnectionLimits
from common.metrics import registry
from common.retry import Outage, retry_until_available
from common.runtime import Application
from common.startup import Startup
from common.topics import Topics, ensure
from scoring.assembly import Clocks, Parts, Rules, assemble
from scoring.cards.identity import use_pinned_time_zones
from scoring.errors import Unreachable
from scoring.form import core_form
from scoring.health.scorer import Scorer
from scoring.housekeeping.metrics import HousekeepingMetrics
from scoring.housekeeping.rules import Keep
from scoring.housekeeping.storage import PostgresStorage
from scoring.metrics import WorkerMetrics
from scoring.origin import agree
from scoring.settings import ScoringSettings
from scoring.shared import Limits
from scoring.start import origin
from scoring.store import PostgresStore
from scoring.worker import Worker


@asynccontextmanager
async def worker(settings: ScoringSettings) -> AsyncIterator[Application]:
    """A worker, wired but not yet running. It waits for PostgreSQL and Kafka while the process serves.

    Raises `InvalidCard`; what else it must not run with ends the process when PostgreSQL has said so.
    """
    use_pinned_time_zones()
    text = settings.scoring_card.read_text(encoding="utf-8")
    card, mine = origin(
        text, name=str(settings.scoring_card), time_mode=settings.time_mode, partitions=settings.partitions
    )
    topics = Topics(settings.topic_prefix)
    prometheus = registry(service="scoring", process="worker")
    async with AsyncExitStack() as closing:
        store = PostgresStore(_engine(settings, closing, connections=5), patience=settings.scoring_database_seconds)
        # A connection of its own, so that scoring never waits for one: this waits for itself instead.
        apart = _engine(settings, closing, connections=1)
        producer = KafkaProducer(settings.kafka_bootstrap, deadline=settings.scoring_send_seconds)
        closing.push_async_callback(producer.stop)
        admin = KafkaAdmin(settings.kafka_bootstrap)
        metrics, storage_metrics = WorkerMetrics(prometheus), HousekeepingMetrics(prometheus)
        metrics.partitions(mine.partitions)  # while it waits, too: that it owns none of them is told by this
        database_outage, log_outage = Outage("database"), Outage("log")

        async def reach() -> str:
            """The cluster's id, once the log has its topics and the producer is connected."""
            await ensure(admin, topics, **settings.topic_settings())
            cluster_id = await admin.cluster_id()
            await producer.start()
            return cluster_id

        async def make() -> Worker:
            """Raises `Stop` or `TopicMismatch` if it must not run as it is set up."""
            agree(mine, await retry_until_available(store.origins, outage=database_outage, retry_on=Unreachable))
            parts = Parts(
                consumer=_consumer(settings, topics),
                producer=producer,
                admin=admin,
                store=store,
                storage=PostgresStorage(apart, patience=settings.scoring_database_seconds),
                metrics=metrics,
                storage_metrics=storage_metrics,
                clocks=Clocks(wall=time.time, steady=time.monotonic),
                cluster_id=await retry_until_available(reach, outage=log_outage, retry_on=BusUnavailable),
            )
            scorer = Scorer(card, mine.card_id, strict=False)
            return assemble(parts, _rules(settings, topics), scorer=scorer, origin=mine)

        startup = Startup(make, outages=(database_outage, log_outage))
        yield _application(settings, startup, producer=producer, prometheus=prometheus)


def _engine(settings: ScoringSettings, closing: AsyncExitStack, *, connections: int) -> AsyncEngine:
    """A pool of its own, which ends with `closing`."""
    made = database.engine(
        settings.database_url, pool_size=connections, pool_timeout=settings.scoring_database_seconds, pre_ping=False
    )
    closing.push_async_callback(made.dispose)
    return made


def _consumer(settings: ScoringSettings, topics: Topics) -> KafkaConsumer:
    return KafkaConsumer(
        settings.kafka_bootstrap,
        topics.events,
        group=settings.scoring_group,
        session_timeout=settings.scoring_session_seconds,
        fetch_max_wait=settings.scoring_fetch_wait_ms / 1000,
    )


def _application(
    settings: ScoringSettings, startup: Startup[Worker], *, producer: KafkaProducer, prometheus: CollectorRegistry
) -> Application:
    readiness = health_endpoints.Readiness(
        {
            "partitions": lambda: startup.not_ready_reason(Worker.ready),
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
        tasks={"worker": startup.then(lambda made: made.run)},
        notice=settings.drain_notice_seconds,
        grace=settings.drain_seconds,
        limits=ConnectionLimits(connections=settings.http_connections),
    )


def _rules(settings: ScoringSettings, topics: Topics) -> Rules:
    return Rules(
        topics=topics,
        limits=Limits(
            remembered=settings.scoring_remembered_ids,
            cached=settings.scoring_accounts_mb * 1e6,
            chunk=settings.scoring_chunk,
            poisoned=settings.scoring_poisoned,
            poisoned_within=settings.scoring_poisoned_seconds,
        ),
        max_records=settings.scoring_max_records,
        late_after=settings.scoring_late_seconds,
        log_patience=settings.scoring_send_seconds,
        keep=Keep(
            every=settings.scoring_housekeeping_seconds,
            journal_days=settings.scoring_journal_days,
            history_days=settings.scoring_history_days,
        ),
    )
