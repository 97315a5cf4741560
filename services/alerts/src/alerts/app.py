"""Builds the process: the one place that knows the concrete classes of alerts."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from alerts.api import routes as http
from alerts.api.database import AlertsDatabase
from alerts.api.export import alerts_exports, row_schemas
from alerts.api.service import AlertsService
from alerts.assembly import Replica, ReplicaOptions, ReplicaParts, assemble
from alerts.channels.adapter import adapter_of
from alerts.channels.client import ChannelClient
from alerts.channels.registry import Channel
from alerts.messages.customer import CustomerDetails
from alerts.messages.renderer import MessageRenderer
from alerts.metrics import AlertsMetrics
from alerts.playbooks.load import load_playbooks
from alerts.postgres.decision_store import PostgresDecisionStore
from alerts.postgres.notification_queue import PostgresNotificationQueue
from alerts.postgres.queue_depth import QueueDepthMonitor
from alerts.postgres.timer_notices import TimerNotices
from alerts.routing.load import load
from alerts.routing.routes import Routes
from alerts.sending.backoff import Backoff
from alerts.settings import AlertsSettings
from common import database
from common.bus.kafka import KafkaAdmin, KafkaConsumer, KafkaProducer
from common.erasures.receipts import ErasureReceipts, receipt_routes
from common.errors import StopWorker
from common.exports.routes import export_routes
from common.health_endpoints import Readiness
from common.key_routes import key_routes
from common.key_usage import KeyUsage
from common.keyring import Keyring
from common.keys import KeyStore
from common.metrics import registry
from common.request_metrics import RequestMetrics
from common.runtime import Application
from common.startup import Startup, StartupWaits
from common.topics import Topics, ensure
from http_guard.limits import ConnectionLimits

_log = structlog.get_logger()


class _Engines(Protocol):
    def __call__(self, connections: int, *, pre_ping: bool = True) -> AsyncEngine: ...


@asynccontextmanager
async def replica(settings: AlertsSettings) -> AsyncIterator[Application]:
    """Everything that `python -m alerts serve` runs, built but not yet running.

    The process serves its API while it waits for PostgreSQL and Kafka. Raises `StopWorker` or `InvalidDocument` if it
    cannot run with these settings.
    """
    routes = load(settings.alerts_routes.read_text(encoding="utf-8"), str(settings.alerts_routes))
    try:
        renderer = _renderer(settings, routes)
        clients = _clients(settings, routes)
    except ValueError as error:
        raise StopWorker(f"the channels cannot work as they are set: {error}") from error
    prometheus = registry(service="alerts", process="serve")
    metrics = AlertsMetrics(prometheus)
    topics = Topics(settings.topic_prefix)
    async with AsyncExitStack() as closing:
        engines = partial(_engine, settings, closing)
        admin = KafkaAdmin(settings.kafka_bootstrap, fetch_max_wait=settings.alerts_fetch_wait_ms / 1000)
        producer = KafkaProducer(settings.kafka_bootstrap, deadline=settings.alerts_send_seconds)
        closing.push_async_callback(producer.stop)
        # No ping before use: both start over after any failure anyway, and a ping costs a round trip.
        decision_store = PostgresDecisionStore(
            engines(4, pre_ping=False),
            patience=settings.alerts_database_seconds,
            partitions=settings.partitions,
            count_unreadable=metrics.unreadable,
        )
        queue = _queue(settings, partial(engines, pre_ping=False))
        waits = StartupWaits()

        async def reach() -> str:
            """The cluster's id, once the log has its topics and the producer is connected."""
            await ensure(admin, topics, **settings.topic_settings())
            cluster_id = await admin.cluster_id()
            await producer.start()
            return cluster_id

        async def assemble_replica() -> Replica:
            """Raises `TopicMismatch` if the topics are not as the settings say."""
            await waits.for_database(decision_store.check)
            parts = ReplicaParts(
                consumer=_consumer(settings, topics),
                producer=producer,
                admin=admin,
                decision_store=decision_store,
                queue=queue,
                router=routes,
                renderer=renderer,
                clients=clients,
                metrics=metrics,
                wall=time.time,
                steady=time.monotonic,
                cluster_id=await waits.for_log(reach),
            )
            return assemble(parts, _options(settings, topics, routes))

        startup = Startup(assemble_replica, outages=waits.outages)
        yield _application(settings, startup, engines=engines, metrics=metrics, prometheus=prometheus)


def _engine(
    settings: AlertsSettings, closing: AsyncExitStack, connections: int, *, pre_ping: bool = True
) -> AsyncEngine:
    """A connection pool of its own, disposed of with `closing`."""
    made = database.engine(
        settings.database_url, pool_size=connections, pool_timeout=settings.alerts_database_seconds, pre_ping=pre_ping
    )
    closing.push_async_callback(made.dispose)
    return made


def _application(
    settings: AlertsSettings,
    startup: Startup[Replica],
    *,
    engines: _Engines,
    metrics: AlertsMetrics,
    prometheus: CollectorRegistry,
) -> Application:
    # Keys have a connection of their own, so that no long list delays the check of a key.
    key_store = KeyStore(engines(1), schema="alerts")
    key_usage = KeyUsage(key_store)
    keyring = Keyring(key_store, ttl=settings.key_ttl_seconds, used=key_usage.used)
    notices = TimerNotices(engines(1))
    for_api = engines(settings.alerts_api_connections)
    readiness = Readiness(
        {
            "partitions": lambda: startup.not_ready_reason(lambda made: made.worker.ready()),
            "sender": lambda: startup.not_ready_reason(lambda made: made.sender.unavailable),
            "keys": keyring.not_ready_reason,
        }
    )
    built = http.build(
        AlertsService(AlertsDatabase(for_api, patience=settings.alerts_database_seconds)),
        keys=keyring,
        metrics=RequestMetrics(prometheus, name="churn_alerts_api"),
        readiness=readiness,
        registry=prometheus,
    )
    exports = alerts_exports(for_api, key=settings.erasures_by(), patience=settings.alerts_database_seconds)
    built.include_router(export_routes(exports, keyring, row_schemas=row_schemas()))
    receipts = ErasureReceipts(
        for_api, schema="alerts", retention_days=settings.retention_days, mode=settings.time_mode
    )
    built.include_router(receipt_routes(receipts, keyring))
    built.include_router(key_routes(key_store, keyring, service="alerts"))
    return Application(
        name="alerts",
        http=built,
        host=settings.host,
        port=settings.alerts_port,
        readiness=readiness,
        tasks={
            "timers": startup.then(lambda made: partial(notices.keep, heard=made.notified)),
            "worker": startup.then(lambda made: made.worker.run),
            "sender": startup.then(lambda made: made.sender.run),
            "keys": keyring.keep_fresh,
            "key usage": key_usage.keep_written,
            "depths": QueueDepthMonitor(for_api, metrics).keep,
        },
        notice=settings.drain_notice_seconds,
        grace=settings.drain_seconds,
        limits=ConnectionLimits(connections=settings.http_connections),
    )


def _consumer(settings: AlertsSettings, topics: Topics) -> KafkaConsumer:
    return KafkaConsumer(
        settings.kafka_bootstrap,
        topics.signals,
        group=settings.alerts_group,
        session_timeout=settings.alerts_session_seconds,
        fetch_max_wait=settings.alerts_fetch_wait_ms / 1000,
    )


def _queue(settings: AlertsSettings, engine: Callable[[int], AsyncEngine]) -> PostgresNotificationQueue:
    at_once = settings.alerts_slack_concurrency + settings.alerts_smtp_concurrency
    return PostgresNotificationQueue(
        engine(min(at_once, 8)), lease=settings.alerts_lease_seconds, patience=settings.alerts_database_seconds
    )


def _renderer(settings: AlertsSettings, routes: Routes) -> MessageRenderer:
    file = settings.alerts_playbooks
    playbooks = load_playbooks(file.read_text(encoding="utf-8"), str(file))
    return MessageRenderer(
        playbooks,
        routes.account_url,
        {channel: adapter_of(channel).renderer(settings) for channel in Channel},
        shown=CustomerDetails(quotes=routes.quote_customer, contacts=routes.name_contacts),
        accounts_url=routes.accounts_url,
    )


def _clients(settings: AlertsSettings, routes: Routes) -> dict[Channel, ChannelClient]:
    """Of the channels that are set up; a message over another one is given up at once and handed on.

    Raises `StopWorker`.
    """
    clients: dict[Channel, ChannelClient] = {}
    for channel in Channel:
        client = adapter_of(channel).client(settings, routes.targets)
        if client is not None:
            clients[channel] = client
    for channel in sorted(routes.channels - clients.keys()):
        _log.warning("channel.not_set_up", channel=channel.value, routes=str(settings.alerts_routes))
    return clients


def _options(settings: AlertsSettings, topics: Topics, routes: Routes) -> ReplicaOptions:
    return ReplicaOptions(
        topic=topics.signals,
        mode=settings.time_mode,
        final=routes.final_outcomes,
        gather=settings.alerts_gather_seconds or routes.gather,
        limits={channel: adapter_of(channel).limits(settings) for channel in Channel},
        backoff=Backoff(
            retry=settings.alerts_retry_seconds,
            most=settings.alerts_retry_most_seconds,
            give_up=settings.alerts_give_up_seconds,
            hand_on=settings.alerts_hand_on_seconds,
        ),
        max_records=settings.alerts_max_records,
        late_after=settings.alerts_late_seconds,
        behind_after=settings.alerts_behind_seconds,
        lease=settings.alerts_lease_seconds,
        log_patience=settings.alerts_send_seconds,
        erasure_key=settings.erasures_by(),
    )
