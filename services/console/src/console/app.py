"""The process of the console: connections, readiness, and the site on them."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

import httpx
from pydantic import SecretStr

from common import database
from common.health_endpoints import Readiness
from common.metrics import registry
from common.request_metrics import RequestMetrics
from common.runtime import Application
from console import site
from console.access.oidc import OidcProvider
from console.assembly import ServiceApis, assemble
from console.clients.service_api import ServiceApi, service_api
from console.errors import ServiceName
from console.pages.sign_in.page import CALLBACK_PATH
from console.postgres.tables import ConsoleTables, DatabaseWatch
from console.settings import ConsoleSettings
from http_guard.limits import ConnectionLimits


@asynccontextmanager
async def console(settings: ConsoleSettings) -> AsyncIterator[Application]:
    """Everything that `python -m console serve` runs. The other services need not answer yet.

    Raises `StopWorker` if it cannot run with these settings.
    """
    prometheus = registry(service="console", process="serve")
    async with AsyncExitStack() as closing:
        engine = database.engine(settings.database_url, pool_size=settings.console_database_connections)
        closing.push_async_callback(engine.dispose)
        tables = ConsoleTables(engine, patience=settings.console_database_seconds)
        apis = ServiceApis(
            scoring=await _api(
                settings,
                closing,
                ServiceName.SCORING,
                url=settings.console_scoring_url,
                key=settings.console_scoring_key,
            ),
            alerts=await _api(
                settings, closing, ServiceName.ALERTS, url=settings.console_alerts_url, key=settings.console_alerts_key
            ),
            ingest=await _api(
                settings, closing, ServiceName.INGEST, url=settings.console_ingest_url, key=settings.console_ingest_key
            ),
            workers=tuple(
                [
                    await _api(settings, closing, ServiceName.SCORING_WORKER, url=url, key=None)
                    for url in settings.console_scoring_worker_urls
                ]
            ),
        )
        parts = assemble(settings, tables, apis, await _provider(settings, closing))
        watch = DatabaseWatch(tables)
        readiness = Readiness({"database": watch.not_ready_reason})
        metrics = RequestMetrics(prometheus, name="churn_console")
        yield Application(
            name="console",
            http=site.build(parts, metrics=metrics, readiness=readiness, registry=prometheus),
            host=settings.host,
            port=settings.console_port,
            readiness=readiness,
            tasks={"database": watch.keep},
            notice=settings.drain_notice_seconds,
            grace=settings.drain_seconds,
            limits=ConnectionLimits(connections=settings.http_connections),
        )


async def _api(
    settings: ConsoleSettings, closing: AsyncExitStack, service: ServiceName, *, url: str, key: SecretStr | None
) -> ServiceApi:
    connecting = service_api(
        service,
        url=url,
        key="" if key is None else key.get_secret_value(),
        seconds=settings.console_api_seconds,
        connections=settings.console_api_connections,
    )
    return await closing.enter_async_context(connecting)


async def _provider(settings: ConsoleSettings, closing: AsyncExitStack) -> OidcProvider | None:
    """None without an issuer: then people sign in by links alone."""
    issuer, client_id = settings.console_oidc_issuer, settings.console_oidc_client_id
    secret = settings.console_oidc_client_secret
    if issuer is None or client_id is None or secret is None:
        return None
    return OidcProvider(
        await closing.enter_async_context(httpx.AsyncClient(timeout=settings.console_api_seconds)),
        issuer=issuer,
        client_id=client_id,
        client_secret=secret.get_secret_value(),
        redirect_uri=f"{settings.console_url}{CALLBACK_PATH}",
    )
