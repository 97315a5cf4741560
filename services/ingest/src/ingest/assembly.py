"""Puts ingest together from adapters: those of a process, or those in memory of tests."""

from collections.abc import Mapping
from dataclasses import replace

from fastapi import APIRouter
from starlette.responses import Response

from common.exports.routes import export_routes
from common.health_endpoints import Readiness
from common.key_routes import key_routes
from common.stopping import Task
from common.topics import TimeMode
from ingest import app
from ingest.aliases.cache import AliasCache
from ingest.dead_letter_api import routes as dead_letter_routes
from ingest.dead_letter_api.resenders import ResenderParts, current_resenders
from ingest.dead_letter_api.service import DeadLetterService
from ingest.dead_letters.resending import Resender
from ingest.erasures.erased_subjects import ErasedSubjects, as_it_comes
from ingest.erasures.routes import erasure_routes
from ingest.erasures.service import ErasureAnnouncer, ErasureService
from ingest.events.post_events import PostEventsHandler
from ingest.exports.account_rows import row_schemas
from ingest.identity.cache import IdentityCache
from ingest.intake.endpoint import Intake, IntakeEndpoint
from ingest.intake.format import FormatMaker
from ingest.intake.intake import Identities, MessageIntake, RefusedSink
from ingest.intake.metrics import IntakeMetrics
from ingest.metrics import IngestMetrics
from ingest.parts import AssembledIngest, Formats, IngestOptions, IngestParts
from ingest.privacy.adapters import PrivateIdentities, PrivatePublisher, PrivateRefused
from ingest.publishing.counted import CountingPublisher, EventPublisher
from ingest.publishing.event_names import EventNames
from ingest.publishing.producer_supervisor import ProducerSupervisor
from ingest.publishing.publisher import Publisher
from ingest.receiving.bounds import Bounds
from ingest.receiving.post_request import PostHandler, PostRequest
from ingest.rejects import api as rejects_api
from ingest.rejects.dead_topic import DeadTopicSink
from ingest.rejects.recorder import RejectRecorder
from ingest.sdk import openapi as sdk_openapi
from ingest.sdk import side_paths
from ingest.sdk.browser_access import BrowserAccess
from ingest.sdk.metrics import SdkMetrics
from ingest.sdk.side_paths import SIDE_PATHS
from ingest.sdk.unknown_paths import UnknownPaths
from ingest.sources import api as sources_api
from ingest.sources.metrics import SourceMetrics
from ingest.sources.relay import AnnouncementRelay
from ingest.sources.report import SourceReports
from ingest.sources.watch import SourceWatch
from ingest.webhooks import routes as webhook_routes
from ingest.webhooks.format import webhook_formats
from ingest.webhooks.metrics import WebhookMetrics
from ingest.webhooks.stripe_intake import StripeIntake


def assemble(parts: IngestParts, options: IngestOptions, *, formats: Formats) -> AssembledIngest:
    """Everything that the process serves and runs. Raises `UnusableSecrets`."""
    return _Assembly(parts, options).build(formats)


class _Assembly:
    """Makes the shared parts once; each method adds routes for one kind of request."""

    def __init__(self, parts: IngestParts, options: IngestOptions) -> None:
        self._parts = parts
        self._options = options
        self._mode = options.topic_settings["mode"]
        self._partitions = options.topic_settings["partitions"]
        self._bounds = replace(options.bounds, limits_age=self._mode is TimeMode.WALL)
        self._metrics, self._intake_metrics = IngestMetrics(parts.registry), IntakeMetrics(parts.registry)
        self._metrics.watch(
            held_bytes=lambda: parts.memory.held, keys=lambda: len(parts.keys), age=lambda: parts.keys.age
        )
        self._aliases = AliasCache(parts.aliases, ttl=options.alias_ttl)
        self._metrics.watch_aliases(known=lambda: len(self._aliases), age=lambda: self._aliases.age)
        self._names = EventNames(since=options.now())
        self._identities = IdentityCache(parts.identities, ttl=options.identity_ttl)
        stored_user = as_it_comes if parts.pseudonyms is None else parts.pseudonyms.user
        self._erased = ErasedSubjects(options.erasure_key, stored_user=stored_user)
        self._erasures = ErasureService(
            parts.erasures,
            ErasureAnnouncer(parts.producer, topic=options.topics.events, partitions=self._partitions, mode=self._mode),
            self._erased,
            key=options.erasure_key,
            partitions=self._partitions,
            stored_user=stored_user,
            forget_account=self._identities.forget_account,
            forget_user=self._identities.forget_user,
            every=options.erasures_seconds,
        )
        self._events = self._counting_publisher()
        self._recorder = RejectRecorder(
            parts.rejects,
            keep=options.rejects_kept,
            erased=self._erased,
            on_unlisted=self._intake_metrics.unlisted,
        )
        self._intake = self._message_intake()

    def build(self, formats: Formats) -> AssembledIngest:
        parts, options = self._parts, self._options
        supervisor = ProducerSupervisor(parts.admin, parts.producer, options.topics, **options.topic_settings)
        handler = self._events_handler()
        readiness = Readiness(
            {
                "log": supervisor.not_ready_reason,
                "keys": parts.keys.not_ready_reason,
                "aliases": self._aliases.not_ready_reason,
                "posts": handler.not_ready_reason,
                "erasures": self._erasures.not_ready_reason,
            }
        )
        posts = self._sdk_posts(formats)
        routes = app.build(
            handler,
            names=self._names,
            keys=parts.keys,
            readiness=readiness,
            registry=parts.registry,
            posts=posts,
            routers=[
                *self._lists(),
                sdk_openapi.router(posts),
                side_paths.router(),
                self._webhooks(),
                # Comes before the route that erases accounts: an account's id may end in "/export".
                export_routes(parts.exports, parts.keys, row_schemas=row_schemas()),
                erasure_routes(self._erasures, parts.keys, topics=options.topic_settings),
            ],
        )
        sdk_metrics = SdkMetrics(parts.registry)
        access = BrowserAccess(routes, paths=[*posts, *SIDE_PATHS], origins=options.origins, metrics=sdk_metrics)
        tasks = {
            "log": supervisor.run,
            "rejects": self._recorder.run,
            "aliases": self._aliases.keep_fresh,
            "erasures": self._erasures.run,
            **_source_tasks(parts, options),
        }
        watched = UnknownPaths(access, sdk_metrics, known=posts)
        # Neither of the two has to see our own events, of which many come one by one.
        return AssembledIngest(app.PostsFastPath(watched, {app.PATH: handler}), readiness, tasks)

    def _counting_publisher(self) -> CountingPublisher:
        parts = self._parts
        publisher: EventPublisher = Publisher(
            parts.producer, topic=self._options.topics.events, partitions=self._partitions, mode=self._mode
        )
        if parts.pseudonyms is not None:
            publisher = PrivatePublisher(publisher, parts.pseudonyms)
        return CountingPublisher(publisher, names=self._names, sources=parts.volumes, metrics=self._metrics)

    def _message_intake(self) -> MessageIntake:
        parts, topic = self._parts, self._options.topics.dead
        identities: Identities = self._identities
        refused: RefusedSink = DeadTopicSink(parts.producer, self._recorder, topic=topic, partitions=self._partitions)
        if parts.pseudonyms is not None:
            identities = PrivateIdentities(self._identities, parts.pseudonyms)
            users_at = {f"webhook:{name}": section.user_paths() for name, section in parts.rules.webhooks.items()}
            refused = PrivateRefused(refused, parts.pseudonyms, users_at=users_at)
        return MessageIntake(
            identities=identities,
            aliases=self._aliases,
            events=self._events,
            refused=refused,
            bounds=self._bounds,
            erased=self._erased,
            on_followed=self._metrics.followed,
        )

    def _events_handler(self) -> PostEventsHandler:
        parts = self._parts
        return PostEventsHandler(
            keys=parts.keys,
            limiter=parts.limiter,
            memory=parts.memory,
            aliases=self._aliases,
            publisher=self._events,
            refusals=parts.volumes,
            metrics=self._metrics,
            bounds=self._bounds,
            body_seconds=self._options.body_seconds,
            erased=self._erased,
            now=self._options.now,
        )

    def _endpoint(self, intake: Intake, bounds: Bounds) -> IntakeEndpoint:
        parts = self._parts
        return IntakeEndpoint(
            intake=intake,
            rules=parts.rules,
            limiter=parts.limiter,
            memory=parts.memory,
            refusals=parts.volumes,
            metrics=self._metrics,
            intake_metrics=self._intake_metrics,
            bounds=bounds,
            body_seconds=self._options.body_seconds,
            now=self._options.now,
        )

    def _sdk_posts(self, formats: Formats) -> Mapping[str, PostHandler]:
        endpoint = self._endpoint(self._intake, self._bounds)
        made = formats(self._parts.keys, self._parts.rules)
        return {path: _handler(endpoint, make) for path, make in made.items()}

    def _webhooks(self) -> APIRouter:
        parts, metrics = self._parts, WebhookMetrics(self._parts.registry)
        intake = StripeIntake(parts.stripe, self._intake, erased=self._erased)
        endpoint = self._endpoint(intake, webhook_routes.with_message_bound(self._bounds))
        named = webhook_formats(
            parts.rules.webhooks,
            self._options.webhook_secrets,
            keys=parts.keys,
            metrics=metrics,
            now=self._options.now,
        )
        return webhook_routes.router(named, endpoint.handle, metrics)

    def _lists(self) -> list[APIRouter]:
        """The routes by which operators see things, and administrators act on them."""
        parts, judged = self._parts, self._mode is TimeMode.WALL
        reports = SourceReports(parts.sources, self._names, judged=judged, now=self._options.now)
        return [
            rejects_api.router(parts.rejects, parts.keys),
            sources_api.router(reports, parts.keys),
            dead_letter_routes.router(self._dead_letters(), parts.keys),
            key_routes(parts.key_table, parts.keys, service="ingest"),
        ]

    def _dead_letters(self) -> DeadLetterService:
        parts, options = self._parts, self._options
        resender_parts = ResenderParts(
            rules=parts.rules,
            hidden=parts.kept_pseudonyms,
            identities=self._identities,
            aliases=self._aliases,
            erasures=parts.erasures,
            erasure_key=options.erasure_key,
            mode=self._mode,
        )

        async def resenders(partitions: int) -> Mapping[str, Resender]:
            return await current_resenders(resender_parts, partitions=partitions)

        return DeadLetterService(parts.admin, parts.producer, resenders, topics=options.topics)


def _handler(endpoint: IntakeEndpoint, make: FormatMaker) -> PostHandler:
    async def handle(request: PostRequest) -> Response:
        return await endpoint.handle(request, make())

    return handle


def _source_tasks(parts: IngestParts, options: IngestOptions) -> Mapping[str, Task]:
    """The tasks about sources. In stream mode nobody judges sources; the replayed stream has the announcements."""
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
