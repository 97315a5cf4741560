"""Puts ingest together from adapters: those of a process, or those in memory that tests have."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Protocol

from prometheus_client import CollectorRegistry
from starlette.responses import Response

from common.auth import KeyVerifier
from common.bus.ports import Admin, ProbedProducer
from common.health_endpoints import Readiness
from common.stopping import Task
from common.topics import TimeMode, Topics, TopicSettings
from ingest import app
from ingest.events.post_events import PostEventsHandler
from ingest.identity.cache import IdentityCache, StoredIdentities
from ingest.intake.endpoint import IntakeEndpoint
from ingest.intake.format import FormatMaker
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
from ingest.receiving.post_request import PostHandler, PostRequest
from ingest.receiving.rate_limit import KeyRateLimiter
from ingest.receiving.request_body import BodyMemory
from ingest.rejects import api as rejects_api
from ingest.rejects.dead_letters import DeadLetters
from ingest.rejects.recorder import RejectRecorder, RejectTable
from ingest.sdk import openapi as sdk_openapi
from ingest.sdk import posthog_flags
from ingest.sdk.browser_access import BrowserAccess
from ingest.sdk.metrics import SdkMetrics
from ingest.sdk.posthog_flags import FLAG_PATHS
from ingest.sdk.unknown_paths import UnknownPaths
from ingest.sources import api as sources_api
from ingest.sources.metrics import SourceMetrics
from ingest.sources.relay import AnnouncementFiling, AnnouncementQueue, AnnouncementRelay
from ingest.sources.report import SourceReading, SourceReports
from ingest.sources.volumes import SourceVolumes
from ingest.sources.watch import SourceDecisions, SourceWatch


class CachedKeys(KeyVerifier, Protocol):
    """The cache of API keys."""

    @property
    def age(self) -> float: ...

    def __len__(self) -> int: ...

    def not_ready_reason(self) -> str | None: ...


Formats = Callable[[KeyVerifier, MappingRules], Mapping[str, FormatMaker]]
"""By the path that a client posts to, what makes its format."""


class Rejects(RejectTable, rejects_api.RejectReader, Protocol):
    """The table of rejects, written and read."""


class Sources(SourceDecisions, SourceReading, Protocol):
    """The tables about sources, written and read."""


@dataclass(frozen=True)
class IngestParts:
    """The adapters, and what holds for the whole process.

    Without `pseudonyms` everything is stored as it comes, without `scoring` only operators hear of silent sources.
    """

    admin: Admin
    producer: ProbedProducer
    keys: CachedKeys
    identities: StoredIdentities
    rejects: Rejects
    sources: Sources
    volumes: SourceVolumes
    outbox: AnnouncementQueue
    scoring: AnnouncementFiling | None
    limiter: KeyRateLimiter
    memory: BodyMemory
    rules: MappingRules
    pseudonyms: Pseudonyms | None
    registry: CollectorRegistry


@dataclass(frozen=True)
class IngestOptions:
    """`body_seconds` is how long a body may take to come, `identity_ttl` how long identities are taken as read.

    Sources are judged every `sources_seconds`, once PostgreSQL has answered for `sources_settle` seconds. `origins` are
    those of pages from which browsers may post in the formats of SDKs.
    """

    topics: Topics
    topic_settings: TopicSettings
    body_seconds: float
    rejects_kept: int
    identity_ttl: float
    sources_seconds: float
    sources_settle: float
    origins: Collection[str] = ()
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
    events = CountingPublisher(publisher, names=names, sources=parts.volumes, metrics=metrics)
    bounds = replace(options.bounds, limits_age=mode is TimeMode.WALL)
    handler = PostEventsHandler(
        keys=parts.keys,
        limiter=parts.limiter,
        memory=parts.memory,
        publisher=events,
        refusals=parts.volumes,
        metrics=metrics,
        bounds=bounds,
        body_seconds=options.body_seconds,
        now=options.now,
    )
    recorder = RejectRecorder(parts.rejects, keep=options.rejects_kept, on_unlisted=intake_metrics.unlisted)
    identities: Identities = IdentityCache(parts.identities, ttl=options.identity_ttl)
    refused: RefusedSink = DeadLetters(parts.producer, recorder, topic=options.topics.dead, partitions=partitions)
    if parts.pseudonyms is not None:
        identities, refused = PrivateIdentities(identities, parts.pseudonyms), PrivateRefused(refused, parts.pseudonyms)
    intake = MessageIntake(identities=identities, events=events, refused=refused, bounds=bounds)
    endpoint = IntakeEndpoint(
        intake=intake,
        rules=parts.rules,
        limiter=parts.limiter,
        memory=parts.memory,
        refusals=parts.volumes,
        metrics=metrics,
        intake_metrics=intake_metrics,
        bounds=bounds,
        body_seconds=options.body_seconds,
        now=options.now,
    )
    readiness = Readiness(
        {"log": supervisor.not_ready_reason, "keys": parts.keys.not_ready_reason, "posts": handler.not_ready_reason}
    )
    posts = {path: _handler(endpoint, make) for path, make in formats(parts.keys, parts.rules).items()}
    routes = app.build(
        handler,
        names=names,
        keys=parts.keys,
        readiness=readiness,
        registry=parts.registry,
        posts=posts,
        routers=[
            rejects_api.router(parts.rejects, parts.keys),
            sdk_openapi.router(posts),
            posthog_flags.router(),
            sources_api.router(
                SourceReports(parts.sources, names, judged=mode is TimeMode.WALL, now=options.now), parts.keys
            ),
        ],
    )
    sdk_metrics = SdkMetrics(parts.registry)
    access = BrowserAccess(routes, paths=[*posts, *FLAG_PATHS], origins=options.origins, metrics=sdk_metrics)
    http = UnknownPaths(access, sdk_metrics)
    tasks = {"log": supervisor.run, "rejects": recorder.run, **_source_tasks(parts, options)}
    return AssembledIngest(http, readiness, tasks)


def _handler(endpoint: IntakeEndpoint, make: FormatMaker) -> PostHandler:
    async def handle(request: PostRequest) -> Response:
        return await endpoint.handle(request, make())

    return handle


def _source_tasks(parts: IngestParts, options: IngestOptions) -> Mapping[str, Task]:
    """In stream mode sources are counted and never judged: the replay decides."""
    metrics, judges = SourceMetrics(parts.registry), options.topic_settings["mode"] is TimeMode.WALL
    watch = SourceWatch(
        parts.volumes,
        parts.sources,
        metrics,
        every=options.sources_seconds,
        settle=options.sources_settle,
        judges=judges,
        now=options.now,
    )
    if parts.scoring is None or not judges:
        return {"sources": watch.run}
    relay = AnnouncementRelay(parts.outbox, parts.scoring, metrics, every=options.sources_seconds)
    return {"sources": watch.run, "announcements": relay.run}
