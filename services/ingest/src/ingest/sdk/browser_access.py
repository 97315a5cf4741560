"""Lets browsers post from pages of allowed origins only (CORS)."""

from collections.abc import Collection
from typing import Final

import structlog
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from common.problems import Problem
from ingest.sdk.metrics import SdkMetrics
from ingest.sdk.paths import takes_get
from ingest.sdk.seen_once import SeenOnce

_log = structlog.get_logger()
_MOST_ORIGIN_CHARS: Final = 200
_PREFLIGHT_SECONDS: Final = 7200


class BrowserAccess:
    """Passes requests on to `app`, or answers 403. `paths` are the paths to which browsers may post."""

    def __init__(self, app: ASGIApp, *, paths: Collection[str], origins: Collection[str], metrics: SdkMetrics) -> None:
        self._app = app
        self._allowing = CORSMiddleware(
            app,
            allow_origins=origins,
            allow_methods=["GET", "POST"],
            # Each version of a client has headers of its own. None of them lets anybody in.
            allow_headers=["*"],
            # Ingest reads no cookie. But Mixpanel's client sends them, and without this its browser hides the answer.
            allow_credentials=True,
            allow_private_network=True,
            expose_headers=["Retry-After"],
            max_age=_PREFLIGHT_SECONDS,
        )
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
        elif origin is not None:
            await self._allowing(scope, receive, send)
        elif scope["method"] == "OPTIONS":
            methods = "GET, OPTIONS, POST" if takes_get(scope["path"]) else "OPTIONS, POST"
            await Response(status_code=204, headers={"allow": methods})(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refusal(self, origin: str) -> ASGIApp:
        self._metrics.origin_refused()
        if self._told.is_first(origin):
            _log.warning("origin.refused", origin=origin)
        detail = f"INGEST_CORS_ORIGINS does not have {origin}"
        return Problem(403, "origin_not_allowed", detail, more={"message": detail}).response()


def _origin(scope: Scope) -> str | None:
    found = next((value for name, value in scope["headers"] if name == b"origin"), None)
    return None if found is None else found.decode("latin-1")[:_MOST_ORIGIN_CHARS]
