"""The console at a port of this machine, and Debian's Chromium before it.

The server has a thread and an event loop of its own: Playwright's synchronous interface needs this one.
"""

import asyncio
import os
import shutil
import socket
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Final, TypeVar

import httpx
import pytest

from console.access.oidc import OidcProvider
from console.access.roles import Role
from console.settings import ConsoleSettings
from support.account_double import AccountDouble
from support.administration import AdministeredServices, AdministrationBeside, administered
from support.alerts_double import AlertsDouble
from support.console import ConsoleSite, console_site
from support.ingest_double import INGEST
from support.portfolio_double import PortfolioDouble
from support.process_double import ProcessBeside, ProcessDouble
from support.serving import serving

# The headless shell is Chromium without windows, for half the CPU time.
CHROMIUM: Final = shutil.which("chromium-headless-shell") or shutil.which("chromium")
AXE: Final = Path(__file__).parents[1] / "clients" / "node" / "node_modules" / "axe-core" / "axe.min.js"
NODE: Final = shutil.which("node")
OIDC_PROVIDER: Final = AXE.parents[2] / "oidc_provider.js"
_START_SECONDS: Final = 30
_CALL_SECONDS: Final = 30

Result = TypeVar("Result")


def require(found: object, reason: str) -> None:
    """Skips with the reason, but fails where CI says that everything must be there."""
    if not found:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(reason)


class ServedConsole:
    """A console that is served until the block is left; behind it are doubles, and one worker.

    `account` is what the services know of one account. What administrators do is done by the services' own routes.
    """

    def __init__(
        self,
        database: str,
        scoring: PortfolioDouble,
        *,
        provider: Callable[[ConsoleSettings], OidcProvider] | None = None,
    ) -> None:
        self.scoring = scoring
        self._provider = provider
        self.account = AccountDouble()
        scoring.account = self.account
        self.alerts = AlertsDouble()
        self.worker = ProcessDouble("scoring", "worker", core="compiled")
        self._processes = {name: ProcessDouble(name, "serve") for name in ("scoring", "alerts", "ingest")}
        self._database = database
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.origin = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._built: Future[ConsoleSite] = Future()
        self._administered: AdministeredServices | None = None
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> "ServedConsole":
        self._thread.start()
        self._built.result(timeout=_START_SECONDS)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    @property
    def site(self) -> ConsoleSite:
        return self._built.result()

    @property
    def administered(self) -> AdministeredServices:
        assert self._administered is not None, "it is served"
        return self._administered

    def run(self, call: Coroutine[Any, Any, Result]) -> Result:
        """A call of the site, in its own loop."""
        return asyncio.run_coroutine_threadsafe(call, self._loop).result(timeout=_CALL_SECONDS)

    def link_for(self, email: str, role: Role = Role.CSM) -> str:
        """The address of a link that signs a new person in."""
        return self.origin + self.run(self._link(email, role))

    async def _link(self, email: str, role: Role) -> str:
        return await self.site.link(await self.site.user(email, role))

    def _answering(self, name: str, api: httpx.AsyncBaseTransport) -> httpx.AsyncBaseTransport:
        """What every process answers comes from a process, the rest from the double of its API."""
        return ProcessBeside(
            self._processes[name].transport, AdministrationBeside(self.administered.transports[name], api)
        )

    def _alerts(self, request: httpx.Request) -> httpx.Response:
        """One double knows the alerts of the account, the other one all others."""
        path = request.url.path
        of_account = "account" in request.url.params if path == "/v1/alerts" else self.account.has_alert(path)
        transport = self.account.alerts if of_account else self.alerts.transport
        return transport.handle_request(request)

    def _ingest(self, request: httpx.Request) -> httpx.Response:
        return (self.account.ingest if request.method == "POST" else INGEST).handle_request(request)

    async def _serve(self) -> None:
        async with administered(self._database) as services:
            self._administered = services
            await self._serve_site(services)

    async def _serve_site(self, services: AdministeredServices) -> None:
        async with (
            console_site(
                self._database,
                scoring=self._answering("scoring", self.scoring.transport),
                scoring_key=services.keys["scoring"],
                alerts=self._answering("alerts", httpx.MockTransport(self._alerts)),
                alerts_key=services.keys["alerts"],
                ingest=self._answering("ingest", httpx.MockTransport(self._ingest)),
                ingest_key=services.keys["ingest"],
                workers=[self.worker.transport],
                origin=self.origin,
                provider=self._provider,
            ) as site,
            serving(site.app, self._listener),
        ):
            self._built.set_result(site)
            await self._stop.wait()
