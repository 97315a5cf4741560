"""The one place that knows what ingest is made of."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common import metrics
from common.bus.kafka import KafkaAdmin, KafkaProducer
from common.connections import ConnectionLimits
from common.database import engine
from common.keyring import Keyring
from common.keys import KeyStore
from common.operations import Readiness
from common.runtime import Application
from common.topics import Topics
from ingest import app
from ingest.bounds import BOUNDS
from ingest.bucket import Rate
from ingest.intake import Intake
from ingest.limiter import Limiter
from ingest.link import Link
from ingest.metrics import IngestMetrics
from ingest.publisher import Publisher
from ingest.settings import IngestSettings
from ingest.upload import Memory


@asynccontextmanager
async def application(settings: IngestSettings) -> AsyncIterator[Application]:
    """Everything that `python -m ingest serve` runs, ready to be started."""
    connected = engine(settings.database_url, pool_size=2)
    keyring = Keyring(KeyStore(connected, schema="ingest"), ttl=settings.key_ttl_seconds)
    producer = KafkaProducer(
        settings.kafka_bootstrap,
        deadline=settings.ingest_ack_seconds,
        max_pending_bytes=settings.ingest_unacked_bytes,
    )
    names = Topics(settings.topic_prefix)
    link = Link(KafkaAdmin(settings.kafka_bootstrap), producer, names, **settings.shape())
    publisher = Publisher(producer, topic=names.events, partitions=settings.partitions, mode=settings.time_mode)
    memory = Memory(settings.ingest_body_memory_bytes)
    registry = metrics.registry(service="ingest", process="serve")
    counted = IngestMetrics(registry)
    counted.watch(held_bytes=lambda: memory.held, keys=lambda: len(keyring), age=lambda: keyring.age)
    intake = Intake(
        keys=keyring,
        limiter=Limiter(_rate(settings)),
        memory=memory,
        publisher=publisher,
        metrics=counted,
        bounds=BOUNDS,
        body_seconds=settings.ingest_body_seconds,
    )
    readiness = Readiness({"log": link.trouble, "keys": keyring.trouble, "posts": intake.trouble})
    try:
        yield Application(
            name="ingest",
            http=app.build(intake, readiness=readiness, registry=registry),
            host=settings.host,
            port=settings.ingest_port,
            readiness=readiness,
            tasks={"keys": keyring.keep_fresh, "log": link.keep},
            notice=settings.drain_notice_seconds,
            grace=settings.drain_seconds,
            limits=ConnectionLimits(connections=settings.http_connections),
        )
    finally:
        await connected.dispose()


def _rate(settings: IngestSettings) -> Rate | None:
    if settings.ingest_events_per_second == 0:
        return None
    return Rate(per_second=settings.ingest_events_per_second, burst=settings.ingest_burst_events)
