"""A log line and metrics for every request that an API answers."""

import time
from collections.abc import Callable
from typing import Protocol

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.metrics import SECONDS

_log = structlog.get_logger()
_NO_ROUTE = "other"


class RequestRecorder(Protocol):
    def answered(self, route: str, status: int, seconds: float) -> None: ...


class RequestMetrics:
    """Request count and duration. `name` is the prefix of the metrics; `route` is a path template."""

    def __init__(self, registry: CollectorRegistry, *, name: str) -> None:
        self._requests = Counter(
            f"{name}_requests_total",
            "Requests by route and class of status.",
            ("route", "status_class"),
            registry=registry,
        )
        self._seconds = Histogram(
            f"{name}_request_seconds",
            "From the first header to the end of the answer.",
            ("route",),
            buckets=SECONDS,
            registry=registry,
        )

    def answered(self, route: str, status: int, seconds: float) -> None:
        self._requests.labels(route, f"{status // 100}xx").inc()
        self._seconds.labels(route).observe(seconds)


def _is_api_route(route: str) -> bool:
    return route.startswith("/v1/")


class RequestMiddleware:
    """Logs and counts each request to a route that `counted` takes: of an API those that begin with /v1/."""

    def __init__(
        self, app: ASGIApp, *, metrics: RequestRecorder, counted: Callable[[str], bool] = _is_api_route
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._counted = counted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, send_and_note_status)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", _NO_ROUTE)
            if self._counted(route):
                self._metrics.answered(route, status, seconds)
                write = _log.debug if status < 400 else _log.warning
                write("request.answered", route=route, status=status, seconds=round(seconds, 4))
