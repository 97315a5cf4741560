"""Wires ingest: the one place that chooses the concrete adapters and reads the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import structlog

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
from ingest.events.event_names import EventNames
from ingest.events.post_events import PostEventsHandler
from ingest.metrics import IngestMetrics
from ingest.publishing.producer_supervisor import ProducerSupervisor
from ingest.publishing.publisher import Publisher
from ingest.receiving.bounds import BOUNDS
from ingest.receiving.rate_limit import KeyRateLimiter, RateLimit
from ingest.receiving.request_body import BodyMemory
from ingest.settings import IngestSettings
from ingest.sources.metrics import SourceMetrics
from ingest.sources.relay import AnnouncementRelay
from ingest.sources.report import SourceReports
from ingest.sources.store import SourceStore
from ingest.sources.volumes import SourceVolumes
from ingest.sources.watch import SourceWatch

if TYPE_CHECKING:
    from ingest.sources.scoring_client import ScoringClient

_log = structlog.get_logger()


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
    judges = settings.time_mode is TimeMode.WALL
    scoring = scoring_client(settings) if judges else None
    # Connections of their own: what is written about sources must not make a request wait for its key.
    statistics = engine(settings.database_url, pool_size=3)
    store = SourceStore(statistics, announces=scoring is not None)
    volumes, source_metrics = SourceVolumes(), SourceMetrics(registry)
    watch = SourceWatch(
        volumes,
        store,
        source_metrics,
        every=settings.ingest_sources_seconds,
        settle=settings.ingest_sources_settle_seconds,
        judges=judges,
    )
    tasks = {"keys": keyring.keep_fresh, "log": supervisor.run, "sources": watch.run}
    if scoring is not None:
        relay = AnnouncementRelay(store, scoring, source_metrics, every=settings.ingest_sources_seconds)
        tasks["announcements"] = relay.run
    elif judges:
        _log.warning(
            "announcements.off", reason="INGEST_SCORING_URL is not set: scoring will not know of silent sources"
        )
    handler = PostEventsHandler(
        keys=keyring,
        limiter=KeyRateLimiter(_rate_limit(settings)),
        memory=memory,
        publisher=publisher,
        names=event_names,
        volumes=volumes,
        metrics=ingest_metrics,
        bounds=replace(BOUNDS, limits_age=settings.time_mode is TimeMode.WALL),
        body_seconds=settings.ingest_body_seconds,
    )
    readiness = Readiness(
        {"log": supervisor.not_ready_reason, "keys": keyring.not_ready_reason, "posts": handler.not_ready_reason}
    )
    try:
        yield Application(
            name="ingest",
            http=app.build(
                handler,
                names=event_names,
                sources=SourceReports(store, event_names, judged=judges),
                keys=keyring,
                readiness=readiness,
                registry=registry,
            ),
            host=settings.host,
            port=settings.ingest_port,
            readiness=readiness,
            tasks=tasks,
            notice=settings.drain_notice_seconds,
            grace=settings.drain_seconds,
            limits=ConnectionLimits(connections=settings.http_connections),
        )
    finally:
        if scoring is not None:
            await scoring.close()
        await statistics.dispose()
        await connected.dispose()


def scoring_client(settings: IngestSettings) -> "ScoringClient | None":
    """None if nobody said where scoring is: then only operators are told of silent sources."""
    if settings.ingest_scoring_url is None or settings.ingest_scoring_key is None:
        return None
    # httpx takes 10 MB, which a process without announcements can do without.
    from ingest.sources.scoring_client import ScoringClient

    return ScoringClient(settings.ingest_scoring_url, settings.ingest_scoring_key.get_secret_value())


def _rate_limit(settings: IngestSettings) -> RateLimit | None:
    if settings.ingest_events_per_second == 0:
        return None
    return RateLimit(per_second=settings.ingest_events_per_second, burst=settings.ingest_burst_events)
