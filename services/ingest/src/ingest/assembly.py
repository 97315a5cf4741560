"""Puts ingest together from adapters: those of a process, or those in memory that tests have."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Protocol

from prometheus_client import CollectorRegistry

from common.auth import KeyVerifier
from common.bus.ports import Admin, ProbedProducer
from common.health_endpoints import Readiness
from common.stopping import Task
from common.topics import TimeMode, Topics, TopicSettings
from ingest import app
from ingest.aliases.cache import AliasCache, AliasTable
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
    aliases: AliasTable
    rejects: Rejects
    limiter: KeyRateLimiter
    memory: BodyMemory
    rules: MappingRules
    pseudonyms: Pseudonyms | None
    registry: CollectorRegistry


@dataclass(frozen=True)
class IngestOptions:
    """`body_seconds` is how long a body may take to come, `identity_ttl` how long identities are taken as read.

    `alias_ttl` is how long it may take until a merge that another process took is known here.
    """

    topics: Topics
    topic_settings: TopicSettings
    body_seconds: float
    rejects_kept: int
    identity_ttl: float
    alias_ttl: float
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
    aliases = AliasCache(parts.aliases, ttl=options.alias_ttl)
    metrics.watch_aliases(known=lambda: len(aliases), age=lambda: aliases.age)
    names = EventNames(since=options.now())
    publisher: EventPublisher = Publisher(parts.producer, topic=options.topics.events, partitions=partitions, mode=mode)
    if parts.pseudonyms is not None:
        publisher = PrivatePublisher(publisher, parts.pseudonyms)
    events = CountingPublisher(publisher, names=names, metrics=metrics)
    bounds = replace(options.bounds, limits_age=mode is TimeMode.WALL)
    handler = PostEventsHandler(
        keys=parts.keys,
        limiter=parts.limiter,
        memory=parts.memory,
        aliases=aliases,
        publisher=events,
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
    intake = MessageIntake(
        identities=identities,
        aliases=aliases,
        events=events,
        refused=refused,
        bounds=bounds,
        on_followed=metrics.followed,
    )
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
            "aliases": aliases.not_ready_reason,
            "posts": handler.not_ready_reason,
        }
    )
    http = app.build(
        handler,
        names=names,
        keys=parts.keys,
        readiness=readiness,
        registry=parts.registry,
        posts={path: partial(endpoint.handle, form=form) for path, form in formats(parts.keys, parts.rules).items()},
        routers=[rejects_api.router(parts.rejects, parts.keys)],
    )
    tasks = {"log": supervisor.run, "rejects": recorder.run, "aliases": aliases.keep_fresh}
    return AssembledIngest(http, readiness, tasks)
