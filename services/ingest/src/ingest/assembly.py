"""Puts ingest together from adapters: those of a process, or those in memory that tests have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from common.auth import KeyVerifier
from common.bus.ports import Admin, ProbedProducer
from common.erasures.erasure_key import ErasureKey
from common.health_endpoints import Readiness
from common.stopping import Task
from common.topics import TimeMode, Topics, TopicSettings
from ingest import app
from ingest.erasures.erased_accounts import ErasedAccounts
from ingest.erasures.routes import erasure_routes
from ingest.erasures.service import ErasureAnnouncer, Erasures, ErasureService
from ingest.events.post_events import PostEventsHandler
from ingest.identity.cache import IdentityCache, StoredIdentities
from ingest.intake.endpoint import IntakeEndpoint
from ingest.intake.format import RequestFormat
from ingest.intake.intake import Identities, MessageIntake, RefusedSink
from ingest.intake.metrics import IntakeMetrics
from ingest.mapping.rules import MappingRules
from ingest.metrics import IngestMetrics
from ingest.privacy.adapters import PrivateIdentities, PrivatePublisher, PrivateRefused
from ingest.privacy.pseudonyms import Pseudonyms
from ingest.publishing.counted import CountingPublisher, EventPublisher
from ingest.publishing.event_names import EventNames
from ingest.publishing.producer_supervisor import ProducerSupervisor
from ingest.publishing.publisher import Publisher
from ingest.receiving.bounds import BOUNDS, Bounds
from ingest.receiving.rate_limit import KeyRateLimiter
from ingest.receiving.request_body import BodyMemory
from ingest.rejects import api as rejects_api
from ingest.rejects.dead_letters import DeadLetters
from ingest.rejects.recorder import RejectRecorder, RejectTable


class CachedKeys(KeyVerifier, Protocol):
    """The cache of API keys."""

    @property
    def age(self) -> float: ...

    def __len__(self) -> int: ...

    def not_ready_reason(self) -> str | None: ...


Formats = Callable[[KeyVerifier, MappingRules], Mapping[str, RequestFormat]]
"""Makes the formats of the SDKs, by the path that each posts to."""


class Rejects(RejectTable, rejects_api.RejectReader, Protocol):
    """The table of rejects, written and read."""


@dataclass(frozen=True)
class IngestParts:
    """The adapters, and what holds for the whole process. Without `pseudonyms` everything is stored as it comes."""

    admin: Admin
    producer: ProbedProducer
    keys: CachedKeys
    identities: StoredIdentities
    rejects: Rejects
    limiter: KeyRateLimiter
    memory: BodyMemory
    rules: MappingRules
    pseudonyms: Pseudonyms | None
    registry: CollectorRegistry
    erasures: Erasures


@dataclass(frozen=True)
class IngestOptions:
    """`body_seconds` is how long a body may take to come, `identity_ttl` how long identities are taken as read."""

    topics: Topics
    topic_settings: TopicSettings
    body_seconds: float
    rejects_kept: int
    identity_ttl: float
    erasure_key: ErasureKey | None = None
    bounds: Bounds = BOUNDS
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


@dataclass(frozen=True)
class AssembledIngest:
    """`http` is the ASGI application; `tasks` run until the process stops."""

    http: Any
    readiness: Readiness
    tasks: Mapping[str, Task]


def assemble(parts: IngestParts, options: IngestOptions, *, formats: Formats) -> AssembledIngest:
    """Everything that the process serves and runs."""
    mode, partitions = options.topic_settings["mode"], options.topic_settings["partitions"]
    supervisor = ProducerSupervisor(parts.admin, parts.producer, options.topics, **options.topic_settings)
    metrics, intake_metrics = IngestMetrics(parts.registry), IntakeMetrics(parts.registry)
    metrics.watch(held_bytes=lambda: parts.memory.held, keys=lambda: len(parts.keys), age=lambda: parts.keys.age)
    names = EventNames(since=options.now())
    publisher: EventPublisher = Publisher(parts.producer, topic=options.topics.events, partitions=partitions, mode=mode)
    if parts.pseudonyms is not None:
        publisher = PrivatePublisher(publisher, parts.pseudonyms)
    events = CountingPublisher(publisher, names=names, metrics=metrics)
    bounds = replace(options.bounds, limits_age=mode is TimeMode.WALL)
    cached = IdentityCache(parts.identities, ttl=options.identity_ttl)
    erased = ErasedAccounts(options.erasure_key)
    erasures = ErasureService(
        parts.erasures,
        ErasureAnnouncer(parts.producer, topic=options.topics.events, mode=mode),
        erased,
        key=options.erasure_key,
        partitions=partitions,
        forget=cached.forget,
    )
    handler = PostEventsHandler(
        keys=parts.keys,
        limiter=parts.limiter,
        memory=parts.memory,
        publisher=events,
        metrics=metrics,
        bounds=bounds,
        body_seconds=options.body_seconds,
        erased=erased,
        now=options.now,
    )
    recorder = RejectRecorder(parts.rejects, keep=options.rejects_kept, on_unlisted=intake_metrics.unlisted)
    identities: Identities = cached
    refused: RefusedSink = DeadLetters(parts.producer, recorder, topic=options.topics.dead, partitions=partitions)
    if parts.pseudonyms is not None:
        identities, refused = PrivateIdentities(cached, parts.pseudonyms), PrivateRefused(refused, parts.pseudonyms)
    intake = MessageIntake(identities=identities, events=events, refused=refused, bounds=bounds, erased=erased)
    endpoint = IntakeEndpoint(
        intake=intake,
        rules=parts.rules,
        limiter=parts.limiter,
        memory=parts.memory,
        metrics=metrics,
        intake_metrics=intake_metrics,
        bounds=bounds,
        body_seconds=options.body_seconds,
        now=options.now,
    )
    readiness = Readiness(
        {
            "log": supervisor.not_ready_reason,
            "keys": parts.keys.not_ready_reason,
            "posts": handler.not_ready_reason,
            "erasures": erasures.not_ready_reason,
        }
    )
    retention = options.topic_settings["retention_days"]
    http = app.build(
        handler,
        names=names,
        keys=parts.keys,
        readiness=readiness,
        registry=parts.registry,
        posts={path: partial(endpoint.handle, form=form) for path, form in formats(parts.keys, parts.rules).items()},
        routers=[
            rejects_api.router(parts.rejects, parts.keys),
            erasure_routes(erasures, parts.keys, retention_days=retention, mode=mode),
        ],
    )
    tasks = {"log": supervisor.run, "rejects": recorder.run, "erasures": erasures.run}
    return AssembledIngest(http, readiness, tasks)
