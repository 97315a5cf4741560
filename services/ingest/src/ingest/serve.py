"""The process of `python -m ingest serve`: the one place that chooses the concrete adapters and reads the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import structlog

from common import metrics
from common.bus.kafka import KafkaAdmin, KafkaProducer
from common.database import engine
from common.key_usage import KeyUsage
from common.keyring import Keyring
from common.keys import KeyStore
from common.runtime import Application
from common.token_bucket import RateLimit
from common.topics import TimeMode, Topics
from http_guard.limits import ConnectionLimits
from ingest.aliases import erasure as alias_erasure
from ingest.aliases.store import AliasStore
from ingest.assembly import assemble
from ingest.erasures.store import ErasureStore
from ingest.exports.account_rows import ingest_exports
from ingest.identity.store import IdentityStore
from ingest.mapping.load import load_mapping
from ingest.parts import IngestOptions, IngestParts
from ingest.privacy.pseudonyms import KeptPseudonyms, pseudonyms_for
from ingest.receiving.rate_limit import KeyRateLimiter
from ingest.receiving.request_body import BodyMemory
from ingest.rejects.store import RejectStore
from ingest.sdk.paths import sdk_formats
from ingest.settings import IngestSettings
from ingest.sources.outbox import AnnouncementOutbox
from ingest.sources.store import SourceStore
from ingest.sources.volumes import SourceVolumes
from ingest.webhooks import stripe_erasure
from ingest.webhooks.stripe_store import StripeStore

if TYPE_CHECKING:
    from ingest.sources.scoring_client import ScoringClient

_log = structlog.get_logger()


@asynccontextmanager
async def application(settings: IngestSettings) -> AsyncIterator[Application]:
    """Raises `PrivacyKeyMissing`, `UnusableSecrets`, and `InvalidMapping` and `OSError` for an unusable mapping."""
    rules = load_mapping(settings.ingest_mapping.read_text(encoding="utf-8"), str(settings.ingest_mapping))
    connected = engine(settings.database_url, pool_size=5)
    key_store = KeyStore(connected, schema="ingest")
    key_usage = KeyUsage(key_store)
    keyring = Keyring(key_store, ttl=settings.key_ttl_seconds, used=key_usage.used)
    scoring = _scoring_client(settings)
    # Connections of their own: what is written about sources must not make a request wait for its key.
    statistics = engine(settings.database_url, pool_size=3)
    parts = IngestParts(
        admin=KafkaAdmin(settings.kafka_bootstrap),
        producer=KafkaProducer(
            settings.kafka_bootstrap,
            deadline=settings.ingest_ack_seconds,
            max_pending_bytes=settings.ingest_unacked_bytes,
        ),
        keys=keyring,
        key_table=key_store,
        identities=IdentityStore(connected),
        aliases=AliasStore(connected),
        rejects=RejectStore(connected),
        sources=SourceStore(statistics, announces=scoring is not None),
        volumes=SourceVolumes(),
        outbox=AnnouncementOutbox(statistics),
        scoring=scoring,
        stripe=StripeStore(connected),
        limiter=KeyRateLimiter(_rate_limit(settings)),
        memory=BodyMemory(settings.ingest_body_memory_bytes),
        rules=rules,
        pseudonyms=pseudonyms_for(rules.privacy, settings.ingest_privacy_key, mapping=settings.ingest_mapping),
        kept_pseudonyms=pseudonyms_for(
            rules.privacy, settings.ingest_privacy_key, mapping=settings.ingest_mapping, made=KeptPseudonyms
        ),
        registry=metrics.registry(service="ingest", process="serve"),
        erasures=ErasureStore(connected, removals=[alias_erasure.remove_account, stripe_erasure.remove_account]),
        exports=ingest_exports(connected, key=settings.erasures_by()),
    )
    options = IngestOptions(
        topics=Topics(settings.topic_prefix),
        topic_settings=settings.topic_settings(),
        body_seconds=settings.ingest_body_seconds,
        rejects_kept=settings.ingest_rejects_kept,
        identity_ttl=settings.ingest_identity_ttl_seconds,
        erasures_seconds=settings.ingest_erasures_seconds,
        sources_seconds=settings.ingest_sources_seconds,
        sources_settle=settings.ingest_sources_settle_seconds,
        origins=settings.cors_origins,
        webhook_secrets={
            name: [secret.get_secret_value() for secret in secrets]
            for name, secrets in settings.ingest_webhook_secrets.items()
        },
        erasure_key=settings.erasures_by(),
        alias_ttl=settings.ingest_alias_ttl_seconds,
    )
    ingest = assemble(parts, options, formats=sdk_formats)
    try:
        yield Application(
            name="ingest",
            http=ingest.http,
            host=settings.host,
            port=settings.ingest_port,
            readiness=ingest.readiness,
            tasks={"keys": keyring.keep_fresh, "key usage": key_usage.keep_written, **ingest.tasks},
            notice=settings.drain_notice_seconds,
            grace=settings.drain_seconds,
            limits=ConnectionLimits(connections=settings.http_connections),
        )
    finally:
        if scoring is not None:
            await scoring.close()
        await statistics.dispose()
        await connected.dispose()


def _scoring_client(settings: IngestSettings) -> "ScoringClient | None":
    """None in stream mode, and if nobody said where scoring is."""
    if settings.time_mode is not TimeMode.WALL:
        return None
    if settings.ingest_scoring_url is None or settings.ingest_scoring_key is None:
        _log.warning("announcements.off", reason="INGEST_SCORING_URL is not set: only operators hear of silent sources")
        return None
    # httpx takes 10 MB, which a process without announcements can do without.
    from ingest.sources.scoring_client import ScoringClient

    return ScoringClient(settings.ingest_scoring_url, settings.ingest_scoring_key.get_secret_value())


def _rate_limit(settings: IngestSettings) -> RateLimit | None:
    if settings.ingest_events_per_second == 0:
        return None
    return RateLimit(per_second=settings.ingest_events_per_second, burst=settings.ingest_burst_events)
