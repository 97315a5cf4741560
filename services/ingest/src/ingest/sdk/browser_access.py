"""Lets browsers post from pages of allowed origins only (CORS)."""

from collections.abc import Collection
from typing import Final

import structlog
from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from common.problems import Problem
from ingest.sdk.metrics import SdkMetrics
from ingest.sdk.paths import takes_get
from ingest.sdk.seen_once import SeenOnce

_log = structlog.get_logger()
_PREFLIGHT: Final = {"access-control-allow-methods": "POST", "access-control-max-age": "7200"}
_MOST_ORIGIN_CHARS: Final = 200
# Ingest reads no cookie. But Mixpanel's client asks with cookies, so the browser hides an answer without this from it.
_CREDENTIALS: Final = ("access-control-allow-credentials", "true")


class BrowserAccess:
    """Passes requests on to `app`, or answers 403. `paths` are the paths to which browsers may post."""

    def __init__(self, app: ASGIApp, *, paths: Collection[str], origins: Collection[str], metrics: SdkMetrics) -> None:
        self._app = app
        self._paths = frozenset(paths)
        self._origins = frozenset(origins)
        self._metrics = metrics
        self._told = SeenOnce()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] not in self._paths:
            await self._app(scope, receive, send)
            return
        origin = _origin(scope)
        if origin is not None and origin not in self._origins:
            await self._refusal(origin)(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            allowed = {} if origin is None else _preflight(scope, origin)
            methods = "GET, OPTIONS, POST" if takes_get(scope["path"]) else "OPTIONS, POST"
            await Response(status_code=204, headers={"allow": methods, **allowed})(scope, receive, send)
        elif origin is None:
            await self._app(scope, receive, send)
        else:
            await self._app(scope, receive, _allowing(origin, send))

    def _refusal(self, origin: str) -> ASGIApp:
        self._metrics.origin_refused()
        if self._told.is_first(origin):
            _log.warning("origin.refused", origin=origin)
        detail = f"INGEST_CORS_ORIGINS does not have {origin}"
        return Problem(403, "origin_not_allowed", detail, more={"message": detail}).response()


def _origin(scope: Scope) -> str | None:
    found = _header(scope, b"origin")
    return None if found is None else found[:_MOST_ORIGIN_CHARS]


def _preflight(scope: Scope, origin: str) -> dict[str, str]:
    """Allows the headers that the browser asks for: each version of a client has others, and none lets anybody in."""
    asked = _header(scope, b"access-control-request-headers")
    headers = {} if asked is None else {"access-control-allow-headers": asked}
    vary = "origin, access-control-request-headers"
    return {**_PREFLIGHT, **headers, "access-control-allow-origin": origin, "vary": vary, **dict([_CREDENTIALS])}


def _header(scope: Scope, wanted: bytes) -> str | None:
    return next((value.decode("latin-1") for name, value in scope["headers"] if name == wanted), None)


def _allowing(origin: str, send: Send) -> Send:
    async def pass_on(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(raw=list(message["headers"]))
            headers["access-control-allow-origin"] = origin
            headers["access-control-expose-headers"] = "retry-after"
            headers.append(*_CREDENTIALS)
            headers.append("vary", "origin")
            message = {**message, "headers": headers.raw}
        await send(message)

    return pass_on
