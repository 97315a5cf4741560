"""The process of `python -m ingest serve`: the one place that chooses the concrete adapters and reads the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from common import metrics
from common.bus.kafka import KafkaAdmin, KafkaProducer
from common.database import engine
from common.keyring import Keyring
from common.keys import KeyStore
from common.runtime import Application
from common.topics import Topics
from http_guard.limits import ConnectionLimits
from ingest.aliases.store import AliasStore
from ingest.assembly import IngestOptions, IngestParts, assemble
from ingest.identity.store import IdentityStore
from ingest.mapping.load import load_mapping
from ingest.receiving.rate_limit import KeyRateLimiter, RateLimit
from ingest.receiving.request_body import BodyMemory
from ingest.rejects.store import RejectStore
from ingest.settings import IngestSettings


@asynccontextmanager
async def application(settings: IngestSettings) -> AsyncIterator[Application]:
    """Raises `InvalidMapping` and `OSError` for a mapping that cannot be used."""
    rules = load_mapping(settings.ingest_mapping.read_text(encoding="utf-8"), str(settings.ingest_mapping))
    connected = engine(settings.database_url, pool_size=5)
    keyring = Keyring(KeyStore(connected, schema="ingest"), ttl=settings.key_ttl_seconds)
    parts = IngestParts(
        admin=KafkaAdmin(settings.kafka_bootstrap),
        producer=KafkaProducer(
            settings.kafka_bootstrap,
            deadline=settings.ingest_ack_seconds,
            max_pending_bytes=settings.ingest_unacked_bytes,
        ),
        keys=keyring,
        identities=IdentityStore(connected),
        aliases=AliasStore(connected),
        rejects=RejectStore(connected),
        limiter=KeyRateLimiter(_rate_limit(settings)),
        memory=BodyMemory(settings.ingest_body_memory_bytes),
        rules=rules,
        registry=metrics.registry(service="ingest", process="serve"),
    )
    options = IngestOptions(
        topics=Topics(settings.topic_prefix),
        topic_settings=settings.topic_settings(),
        body_seconds=settings.ingest_body_seconds,
        rejects_kept=settings.ingest_rejects_kept,
        identity_ttl=settings.ingest_identity_ttl_seconds,
        alias_ttl=settings.ingest_alias_ttl_seconds,
    )
    ingest = assemble(parts, options, formats=lambda keys, rules: {})
    try:
        yield Application(
            name="ingest",
            http=ingest.http,
            host=settings.host,
            port=settings.ingest_port,
            readiness=ingest.readiness,
            tasks={"keys": keyring.keep_fresh, **ingest.tasks},
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
