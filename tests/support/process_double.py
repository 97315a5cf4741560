"""A process as the console asks it: it serves what every process serves, and shows what a test puts there."""

from collections.abc import Callable

import httpx
from fastapi import FastAPI
from prometheus_client import Gauge

from common import health_endpoints
from common.health_endpoints import Readiness
from common.metrics import registry as process_registry


class ProcessDouble:
    """One that serves what every process serves. `reasons` are why it is not ready."""

    def __init__(self, service: str, process: str, **about: str) -> None:
        self.reasons: dict[str, str | None] = {"database": None}
        self.registry = process_registry(service=service, process=process)
        self.app = FastAPI(openapi_url=None)
        checks: dict[str, Callable[[], str | None]] = {"database": lambda: self.reasons["database"]}
        self.app.router.routes.extend(health_endpoints.routes(Readiness(checks, about=about), self.registry))
        self.transport = httpx.ASGITransport(self.app)

    def gauge(self, name: str, *partitions: float) -> None:
        """With one value, or with one for each partition."""
        made = Gauge(name, name, ("partition",), registry=self.registry)
        for number, value in enumerate(partitions):
            made.labels(str(number)).set(value)


class ProcessBeside(httpx.AsyncBaseTransport):
    """Sends what every process answers to `process`, and all else to `api`."""

    def __init__(self, process: httpx.AsyncBaseTransport, api: httpx.AsyncBaseTransport) -> None:
        self._process = process
        self._api = api

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        of_process = request.url.path in ("/healthz", "/readyz", "/metrics")
        return await (self._process if of_process else self._api).handle_async_request(request)
