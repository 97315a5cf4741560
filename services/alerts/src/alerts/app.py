"""The one place that knows the concrete classes of alerts."""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry
from sqlalchemy.ext.asyncio import AsyncEngine

from alerts.api import routes as http
from alerts.api.reading import Reading
from alerts.api.tables import Tables
from alerts.assembly import Parts, Replica, Rules, assemble
from alerts.channels.envelope import address
from alerts.channels.mail import MailChannel, Tls
from alerts.channels.slack import SlackChannel
from alerts.core.destination import Channel
from alerts.depths import Depths
from alerts.errors import Stop, Unreachable
from alerts.inbox import PostgresInbox
from alerts.messages.letters import Letters
from alerts.messages.playbook_file import load_playbooks
from alerts.metrics import AlertsMetrics
from alerts.routing.load import load
from alerts.routing.routes import Routes
from alerts.sending.backoff import Backoff
from alerts.sending.carrier import Courier
from alerts.sending.limits import ChannelLimits
from alerts.sending.outgoing import PostgresOutgoing
from alerts.settings import AlertsSettings
from common import database
from common.bus.errors import BusUnavailable
from common.bus.kafka import KafkaAdmin, KafkaConsumer
from common.connection_limits import ConnectionLimits
from common.health_endpoints import Readiness
from common.keyring import Keyring
from common.keys import KeyStore
from common.metrics import registry
from common.request_metrics import RequestMetrics
from common.retry import Outage, retry_until_available
from common.runtime import Application
from common.startup import Startup
from common.topics import Topics, ensure

_log = structlog.get_logger()


class _Engines(Protocol):
    def __call__(self, connections: int, *, pre_ping: bool = True) -> AsyncEngine: ...


@asynccontextmanager
async def replica(settings: AlertsSettings) -> AsyncIterator[Application]:
    """Everything that `python -m alerts serve` runs, wired but not yet running. It waits for PostgreSQL and Kafka while
    the process serves.

    Raises `Stop` or `InvalidDocument` if it must not run as it is set up.
    """
    routes = load(settings.alerts_routes.read_text(encoding="utf-8"), str(settings.alerts_routes))
    try:
        letters = _letters(settings, routes)
        couriers = _couriers(settings, routes)
    except ValueError as error:
        raise Stop(f"the channels cannot work as they are set: {error}") from error
    prometheus = registry(service="alerts", process="serve")
    metrics = AlertsMetrics(prometheus)
    topics = Topics(settings.topic_prefix)
    async with AsyncExitStack() as closing:
        engines = partial(_engine, settings, closing)
        admin = KafkaAdmin(settings.kafka_bootstrap, fetch_max_wait=settings.alerts_fetch_wait_ms / 1000)
        # Both begin again after any failure: to ask first whether a connection lives is time lost.
        inbox = PostgresInbox(
            engines(4, pre_ping=False), patience=settings.alerts_database_seconds, damage=metrics.unreadable
        )
        outgoing = _outgoing(settings, partial(engines, pre_ping=False))
        database_outage, log_outage = Outage("database"), Outage("log")

        async def reach() -> str:
            """The cluster's id, once the log has its topics."""
            await ensure(admin, topics, **settings.topic_settings())
            return await admin.cluster_id()

        async def make() -> Replica:
            """Raises `TopicMismatch` if it must not run as it is set up."""
            await retry_until_available(inbox.check, outage=database_outage, retry_on=Unreachable)
            parts = Parts(
                consumer=_consumer(settings, topics),
                admin=admin,
                inbox=inbox,
                outgoing=outgoing,
                router=routes,
                letters=letters,
                couriers=couriers,
                metrics=metrics,
                wall=time.time,
                steady=time.monotonic,
                cluster_id=await retry_until_available(reach, outage=log_outage, retry_on=BusUnavailable),
            )
            return assemble(parts, _rules(settings, topics, routes))

        startup = Startup(make, outages=(database_outage, log_outage))
        yield _application(settings, startup, engines=engines, metrics=metrics, prometheus=prometheus)


def _engine(
    settings: AlertsSettings, closing: AsyncExitStack, connections: int, *, pre_ping: bool = True
) -> AsyncEngine:
    """A pool of its own, which ends with `closing`."""
    made = database.engine(
        settings.database_url, pool_size=connections, pool_timeout=settings.alerts_database_seconds, pre_ping=pre_ping
    )
    closing.push_async_callback(made.dispose)
    return made


def _application(
    settings: AlertsSettings,
    startup: Startup[Replica],
    *,
    engines: _Engines,
    metrics: AlertsMetrics,
    prometheus: CollectorRegistry,
) -> Application:
    """The replica's tasks beside its API."""
    # Long lists must not keep anybody from having a key checked, so keys have a connection of their own.
    keyring = Keyring(KeyStore(engines(1), schema="alerts"), ttl=settings.key_ttl_seconds)
    for_api = engines(settings.alerts_api_connections)
    readiness = Readiness(
        {
            "partitions": lambda: startup.not_ready_reason(lambda made: made.worker.ready()),
            "sender": lambda: startup.not_ready_reason(lambda made: made.sender.unavailable),
            "keys": keyring.not_ready_reason,
        }
    )
    return Application(
        name="alerts",
        http=http.build(
            Reading(Tables(for_api, patience=settings.alerts_database_seconds)),
            keys=keyring,
            metrics=RequestMetrics(prometheus, name="churn_alerts_api"),
            readiness=readiness,
            registry=prometheus,
        ),
        host=settings.host,
        port=settings.alerts_port,
        readiness=readiness,
        tasks={
            "worker": startup.then(lambda made: made.worker.run),
            "sender": startup.then(lambda made: made.sender.run),
            "keys": keyring.keep_fresh,
            "depths": Depths(for_api, metrics).keep,
        },
        notice=settings.drain_notice_seconds,
        grace=settings.drain_seconds,
        limits=ConnectionLimits(connections=settings.http_connections),
    )


def _consumer(settings: AlertsSettings, topics: Topics) -> KafkaConsumer:
    return KafkaConsumer(
        settings.kafka_bootstrap,
        topics.signals,
        group=settings.alerts_group,
        session_timeout=settings.alerts_session_seconds,
        fetch_max_wait=settings.alerts_fetch_wait_ms / 1000,
    )


def _outgoing(settings: AlertsSettings, engine: Callable[[int], AsyncEngine]) -> PostgresOutgoing:
    at_once = settings.alerts_slack_concurrency + settings.alerts_smtp_concurrency
    return PostgresOutgoing(
        engine(min(at_once, 8)), lease=settings.alerts_lease_seconds, patience=settings.alerts_database_seconds
    )


def _letters(settings: AlertsSettings, routes: Routes) -> Letters:
    file = settings.alerts_playbooks
    playbooks = load_playbooks(file.read_text(encoding="utf-8"), str(file))
    return Letters(playbooks, routes.account_url, address(settings.alerts_mail_from).domain)


def _couriers(settings: AlertsSettings, routes: Routes) -> dict[Channel, Courier]:
    """Those that are set up; what goes over another is given up at once and handed on. Raises `Stop`."""
    if missing := sorted(routes.webhooks - settings.alerts_slack_webhooks.keys()):
        raise Stop(f"{settings.alerts_routes} names webhooks that ALERTS_SLACK_WEBHOOKS has no URL for: {missing}")
    couriers: dict[Channel, Courier] = {}
    token = settings.alerts_slack_token
    if token is not None or settings.alerts_slack_webhooks:
        couriers[Channel.SLACK] = SlackChannel(
            api_url=settings.alerts_slack_api,
            token=token.get_secret_value() if token else None,
            webhooks={name: url.get_secret_value() for name, url in settings.alerts_slack_webhooks.items()},
            timeout=settings.alerts_send_seconds,
        )
    if settings.alerts_smtp_host:
        password = settings.alerts_smtp_password
        couriers[Channel.EMAIL] = MailChannel(
            host=settings.alerts_smtp_host,
            port=settings.alerts_smtp_port,
            user=settings.alerts_smtp_user,
            password=password.get_secret_value() if password else None,
            tls=Tls(settings.alerts_smtp_tls),
            sender=settings.alerts_mail_from,
            unsubscribe=settings.alerts_mail_unsubscribe,
            timeout=settings.alerts_send_seconds,
        )
    for channel in sorted(routes.channels - couriers.keys()):
        _log.warning("channel.not_set_up", channel=channel.value, routes=str(settings.alerts_routes))
    return couriers


def _rules(settings: AlertsSettings, topics: Topics, routes: Routes) -> Rules:
    return Rules(
        topic=topics.signals,
        mode=settings.time_mode,
        final=routes.final_outcomes,
        limits={
            Channel.SLACK: ChannelLimits(
                concurrency=settings.alerts_slack_concurrency, lane_per_second=settings.alerts_slack_per_second
            ),
            Channel.EMAIL: ChannelLimits(
                concurrency=settings.alerts_smtp_concurrency, per_second=settings.alerts_smtp_per_second
            ),
        },
        backoff=Backoff(
            retry=settings.alerts_retry_seconds,
            most=settings.alerts_retry_most_seconds,
            give_up=settings.alerts_give_up_seconds,
            hand_on=settings.alerts_hand_on_seconds,
        ),
        max_records=settings.alerts_max_records,
        late_after=settings.alerts_late_seconds,
        behind_after=settings.alerts_behind_seconds,
        lease=settings.alerts_lease_seconds,
        log_patience=settings.alerts_send_seconds,
    )
