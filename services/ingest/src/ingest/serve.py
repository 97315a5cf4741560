"""The process of `python -m ingest serve`: the one place that chooses the concrete adapters and reads the settings."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

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
from ingest.mapping.rules import PrivacyRules
from ingest.privacy.pseudonyms import Pseudonyms
from ingest.receiving.rate_limit import KeyRateLimiter, RateLimit
from ingest.receiving.request_body import BodyMemory
from ingest.rejects.store import RejectStore
from ingest.settings import IngestSettings

LEAST_KEY_CHARS: Final = 32


class PrivacyKeyMissing(Exception):
    """The process cannot start: without the key, hashes would tell what they hide."""


@asynccontextmanager
async def application(settings: IngestSettings) -> AsyncIterator[Application]:
    """Raises `PrivacyKeyMissing`, and `InvalidMapping` and `OSError` for a mapping that cannot be used."""
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
        pseudonyms=_pseudonyms(rules.privacy, settings),
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


def _pseudonyms(rules: PrivacyRules, settings: IngestSettings) -> Pseudonyms | None:
    """Raises `PrivacyKeyMissing` if the mapping hashes and there is no key to do so."""
    key = settings.ingest_privacy_key.get_secret_value() if settings.ingest_privacy_key else ""
    if rules.needs_key and len(key) < LEAST_KEY_CHARS:
        needed = f"INGEST_PRIVACY_KEY of {LEAST_KEY_CHARS} characters or more"
        raise PrivacyKeyMissing(f"{settings.ingest_mapping} hashes fields, which needs {needed}")
    return Pseudonyms(rules, key.encode()) if rules.any else None


def _rate_limit(settings: IngestSettings) -> RateLimit | None:
    if settings.ingest_events_per_second == 0:
        return None
    return RateLimit(per_second=settings.ingest_events_per_second, burst=settings.ingest_burst_events)
