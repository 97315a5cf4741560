"""The ASGI application of ingest."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from prometheus_client import CollectorRegistry
from starlette.types import Receive, Send
from starlette.types import Scope as AsgiScope

from common import problems
from common.auth import KeyVerifier
from common.health_endpoints import Readiness
from common.http_app import build_app, json_response, key_required
from common.keys import Scope
from ingest.events import openapi
from ingest.events.event_names import EventNames
from ingest.receiving.post_request import PostRequest

_log = structlog.get_logger()
PATH: Final = "/v1/events"
NAMES_PATH: Final = "/v1/events/names"

PostEvents = Callable[[PostRequest], Awaitable[Response]]


class EventsFastPath:
    """Calls `post_events` for POST /v1/events without FastAPI, and `app` for everything else.

    For a small request FastAPI's routing would cost as much as all the rest.
    """

    def __init__(self, app: FastAPI, post_events: PostEvents) -> None:
        self._app = app
        self._post_events = post_events

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] != PATH or scope["method"] != "POST":
            await self._app(scope, receive, send)
            return
        try:
            response = await self._post_events(PostRequest(scope, receive))
        except Exception:
            _log.exception("request.crashed", path=PATH)
            response = problems.internal_error().response()
        await response(scope, receive, send)


def build(
    handler: PostEvents,
    *routers: APIRouter,
    names: EventNames,
    keys: KeyVerifier,
    readiness: Readiness,
    registry: CollectorRegistry,
) -> EventsFastPath:
    """Serves POST /v1/events, the names of the events that were accepted, `routers`, and the health endpoints."""
    app = build_app("Churn signals: ingest", readiness=readiness, registry=registry)

    @app.post(PATH, openapi_extra=openapi.post_events(), status_code=202)
    async def post_events(request: Request) -> Response:
        """Take one event, a JSON array of events, or NDJSON; answer once all of them are on the log."""
        return await handler(PostRequest(request.scope, request.receive))

    @app.get(NAMES_PATH, openapi_extra=openapi.event_names(), dependencies=[Depends(key_required(keys, Scope.READ))])
    async def event_names() -> Response:
        """The names of the events that this process has accepted since its start."""
        return json_response(names.answer())

    for router in routers:
        app.include_router(router)
    app.openapi = lambda: _openapi_document(app)  # type: ignore[method-assign]
    return EventsFastPath(app, handler)


def _openapi_document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    document["components"] = openapi.components()
    # Removes the validation error that FastAPI documents by itself: here it is a 400 or 422 problem.
    document["paths"][PATH]["post"]["responses"] = openapi.post_events()["responses"]
    document["paths"][NAMES_PATH]["get"]["responses"] = openapi.event_names()["responses"]
    return document
