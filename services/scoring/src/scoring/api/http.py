"""What lies around the routes: ids that hold slashes, and the counting of requests."""

import time

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from scoring.api.metrics import ApiMetrics

_log = structlog.get_logger()
_PREFIX = "/v1/accounts/"
_ELSEWHERE = "other"


class EncodedPath:
    """Routes see an account's path as it was sent, so that an encoded slash is not one between two parts."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        raw = scope.get("raw_path")
        if raw is not None and scope["path"].startswith(_PREFIX):
            scope = {**scope, "path": raw.decode("latin-1")}
        await self._app(scope, receive, send)


class Counted:
    """One line and one count for each request to a route of ours."""

    def __init__(self, app: ASGIApp, *, metrics: ApiMetrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        began = time.perf_counter()
        try:
            await self._app(scope, receive, watched)
        finally:
            seconds = time.perf_counter() - began
            route = getattr(scope.get("route"), "path", _ELSEWHERE)
            if route.startswith("/v1/"):
                self._metrics.answered(route, status, seconds)
                say = _log.debug if status < 400 else _log.warning
                say("request.answered", route=route, status=status, seconds=round(seconds, 4))
