"""Wires ingest: the one place that chooses the concrete adapters and reads the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime

from common import metrics
from common.bus.kafka import KafkaAdmin, KafkaProducer
from common.database import engine
from common.health_endpoints import Readiness
from common.keyring import Keyring
from common.keys import KeyStore
from common.runtime import Application
from common.topics import TimeMode, Topics
from http_guard.limits import ConnectionLimits
from ingest import app
from ingest.erasures.erased_accounts import ErasedAccounts
from ingest.erasures.routes import erasure_routes
from ingest.erasures.service import ErasureAnnouncer, ErasureService
from ingest.erasures.store import ErasureStore
from ingest.events.event_names import EventNames
from ingest.events.post_events import PostEventsHandler
from ingest.metrics import IngestMetrics
from ingest.publishing.producer_supervisor import ProducerSupervisor
from ingest.publishing.publisher import Publisher
from ingest.receiving.bounds import BOUNDS
from ingest.receiving.rate_limit import KeyRateLimiter, RateLimit
from ingest.receiving.request_body import BodyMemory
from ingest.settings import IngestSettings


@asynccontextmanager
async def application(settings: IngestSettings) -> AsyncIterator[Application]:
    """The process of `python -m ingest serve`."""
    connected = engine(settings.database_url, pool_size=2)
    keyring = Keyring(KeyStore(connected, schema="ingest"), ttl=settings.key_ttl_seconds)
    producer = KafkaProducer(
        settings.kafka_bootstrap,
        deadline=settings.ingest_ack_seconds,
        max_pending_bytes=settings.ingest_unacked_bytes,
    )
    names = Topics(settings.topic_prefix)
    supervisor = ProducerSupervisor(KafkaAdmin(settings.kafka_bootstrap), producer, names, **settings.topic_settings())
    publisher = Publisher(producer, topic=names.events, partitions=settings.partitions, mode=settings.time_mode)
    memory = BodyMemory(settings.ingest_body_memory_bytes)
    registry = metrics.registry(service="ingest", process="serve")
    ingest_metrics = IngestMetrics(registry)
    ingest_metrics.watch(held_bytes=lambda: memory.held, keys=lambda: len(keyring), age=lambda: keyring.age)
    event_names = EventNames(since=datetime.now(UTC))
    erased = ErasedAccounts(settings.erasures_by())
    erasures = ErasureService(
        ErasureStore(connected),
        ErasureAnnouncer(producer, topic=names.events, mode=settings.time_mode),
        erased,
        key=settings.erasures_by(),
        partitions=settings.partitions,
    )
    handler = PostEventsHandler(
        keys=keyring,
        limiter=KeyRateLimiter(_rate_limit(settings)),
        memory=memory,
        publisher=publisher,
        names=event_names,
        metrics=ingest_metrics,
        bounds=replace(BOUNDS, limits_age=settings.time_mode is TimeMode.WALL),
        body_seconds=settings.ingest_body_seconds,
        erased=erased,
    )
    readiness = Readiness(
        {
            "log": supervisor.not_ready_reason,
            "keys": keyring.not_ready_reason,
            "posts": handler.not_ready_reason,
            "erasures": erasures.not_ready_reason,
        }
    )
    routes = erasure_routes(erasures, keyring, retention_days=settings.retention_days, mode=settings.time_mode)
    try:
        yield Application(
            name="ingest",
            http=app.build(handler, routes, names=event_names, keys=keyring, readiness=readiness, registry=registry),
            host=settings.host,
            port=settings.ingest_port,
            readiness=readiness,
            tasks={"keys": keyring.keep_fresh, "erasures": erasures.run, "log": supervisor.run},
            notice=settings.drain_notice_seconds,
            grace=settings.drain_seconds,
            limits=ConnectionLimits(connections=settings.http_connections),
        )
    finally:
        await connected.dispose()


def _rate_limit(settings: IngestSettings) -> RateLimit | None:
    if settings.ingest_events_per_second == 0:
        return None
    return RateLimit(per_second=settings.ingest_events_per_second, burst=settings.ingest_burst_events)
