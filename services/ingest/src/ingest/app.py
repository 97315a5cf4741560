"""The HTTP face of ingest."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from prometheus_client import CollectorRegistry
from starlette.types import Receive, Scope, Send

from common import operations, problems
from common.operations import Readiness
from ingest import openapi
from ingest.posted import Posted

_log = structlog.get_logger()
PATH: Final = "/v1/events"

Take = Callable[[Posted], Awaitable[Response]]


class Front:
    """Hands posted events straight to `take`, and everything else to `app`.

    FastAPI's own way to a route costs as much as all the rest of a small request.
    """

    def __init__(self, app: FastAPI, take: Take) -> None:
        self._app = app
        self._take = take

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            response = await self._take(Posted(scope, receive))
        except Exception:
            _log.exception("request.crashed", path=PATH)
            response = problems.unforeseen().response()
        await response(scope, receive, send)


def build(take: Take, *, readiness: Readiness, registry: CollectorRegistry) -> Front:
    """`take` answers POST /v1/events; beside it only what operators ask of every process."""
    app = FastAPI(title="Churn signals: ingest", version="1", docs_url=None, redoc_url=None, redirect_slashes=False)
    problems.install(app)
    app.router.routes.extend(operations.routes(readiness, registry))

    @app.post(PATH, openapi_extra=openapi.post_events(), status_code=202)
    async def post_events(request: Request) -> Response:
        """Take one event, a JSON array of events, or NDJSON; answer once all of them are on the log."""
        return await take(Posted(request.scope, request.receive))

    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return Front(app, take)


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    document["components"] = openapi.components()
    # FastAPI adds an answer that ours replaces: validation is told as 400 or 422 problems.
    document["paths"][PATH]["post"]["responses"] = openapi.post_events()["responses"]
    return document
