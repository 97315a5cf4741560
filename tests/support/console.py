"""The console for tests: in this process, over real tables, with the other services' applications behind it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import uvicorn
from fastapi import FastAPI
from prometheus_client import CollectorRegistry
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from common import database as databases
from common.health_endpoints import Readiness
from common.request_metrics import RequestMetrics
from console import site
from console.access.oidc import OidcProvider
from console.access.roles import Role
from console.assembly import ServiceApis, assemble
from console.clients.service_api import ServiceApi
from console.errors import ServiceName
from console.postgres.links import SignInLinks
from console.postgres.tables import ConsoleTables
from console.postgres.users import COMMAND_LINE, ConsoleUser, UserStore
from console.settings import ConsoleSettings

ORIGIN = "http://console.test"
PLAYBOOKS = Path(__file__).parents[2] / "deploy" / "playbooks.yml"


def refused(request: httpx.Request) -> httpx.Response:
    """What a service does that is away."""
    raise httpx.ConnectError("connection refused", request=request)


AWAY = httpx.MockTransport(refused)


class ConsoleSite:
    """The application, and the tables below it."""

    def __init__(self, app: FastAPI, engine: AsyncEngine, tables: ConsoleTables, *, origin: str) -> None:
        self.app = app
        self.engine = engine
        self.users = UserStore(tables)
        self.links = SignInLinks(tables)
        self.origin = origin

    async def user(self, email: str, role: Role = Role.CSM, *, name: str | None = None) -> ConsoleUser:
        return await self.users.create(email, role=role, name=name, by=COMMAND_LINE)

    async def link(self, user: ConsoleUser, *, valid: timedelta = timedelta(hours=1)) -> str:
        """The path of a sign-in link."""
        token = await self.links.create(user, valid=valid, by=COMMAND_LINE)
        return f"/sign-in/link/{token}"

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A client that keeps cookies and follows nothing."""
        transport = httpx.ASGITransport(self.app)
        return httpx.AsyncClient(transport=transport, base_url=self.origin, headers=headers)

    async def signed_in(self, email: str, role: Role = Role.CSM, **headers: str) -> httpx.AsyncClient:
        browser = self.browser(**headers)
        link = await self.link(await self.user(email, role))
        answer = await browser.post(link, data={"form_token": form_token(await browser.get(link))})
        assert answer.status_code == 303, answer.text
        return browser

    async def rows(self, query: str, **values: Any) -> list[Any]:
        async with self.engine.connect() as connection:
            return list((await connection.execute(text(query), values)).all())

    async def execute(self, statement: str, **values: Any) -> None:
        async with self.engine.begin() as connection:
            await connection.execute(text(statement), values)


def form_token(page: httpx.Response) -> str:
    """Of the first form of a page."""
    _, _, rest = page.text.partition('name="form_token" value="')
    assert rest, page.text
    return rest.partition('"')[0]


@asynccontextmanager
async def console_site(
    database: str,
    *,
    scoring: httpx.AsyncBaseTransport = AWAY,
    scoring_key: str = "",
    alerts: httpx.AsyncBaseTransport = AWAY,
    alerts_key: str = "",
    ingest: httpx.AsyncBaseTransport = AWAY,
    ingest_key: str = "",
    workers: Sequence[httpx.AsyncBaseTransport] = (),
    origin: str = ORIGIN,
    provider: Callable[[ConsoleSettings], OidcProvider] | None = None,
    **settings: Any,
) -> AsyncIterator[ConsoleSite]:
    """`settings` are the console's own, by the names of the fields."""
    engine = databases.engine(database, pool_size=5)
    tables = ConsoleTables(engine, patience=10.0)
    chosen = ConsoleSettings(
        _env_file=None,  # type: ignore[call-arg]
        database_url=database,
        console_url=origin,
        console_playbooks=PLAYBOOKS,
        **settings,
    )
    try:
        async with (
            AsyncExitStack() as closing,
            _asking("scoring", scoring, scoring_key) as to_scoring,
            _asking("alerts", alerts, alerts_key) as to_alerts,
            _asking("ingest", ingest, ingest_key) as to_ingest,
        ):
            apis = ServiceApis(
                scoring=ServiceApi(ServiceName.SCORING, to_scoring),
                alerts=ServiceApi(ServiceName.ALERTS, to_alerts),
                ingest=ServiceApi(ServiceName.INGEST, to_ingest),
                workers=tuple(
                    [
                        ServiceApi(
                            ServiceName.SCORING_WORKER,
                            await closing.enter_async_context(_asking("worker", transport, "")),
                        )
                        for transport in workers
                    ]
                ),
            )
            parts = assemble(chosen, tables, apis, None if provider is None else provider(chosen))
            registry = CollectorRegistry()
            metrics = RequestMetrics(registry, name="churn_console")
            app = site.build(parts, metrics=metrics, readiness=Readiness({}), registry=registry)
            yield ConsoleSite(app, engine, tables, origin=origin)
    finally:
        await engine.dispose()


def _asking(service: str, transport: httpx.AsyncBaseTransport, key: str) -> httpx.AsyncClient:
    headers = {"authorization": f"Bearer {key}"}
    return httpx.AsyncClient(transport=transport, base_url=f"http://{service}.test", headers=headers)


@asynccontextmanager
async def served(app: FastAPI, *, port: int) -> AsyncIterator[None]:
    """At a port of this machine, for a browser."""
    server = uvicorn.Server(
        uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off", access_log=False)
    )
    # Opened before, so that a browser waits until the server takes its connection.
    listener = socket.create_server(("127.0.0.1", port))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await running
