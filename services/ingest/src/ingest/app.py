"""The ASGI application of ingest."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final, Generic, TypeVar

import structlog
from fastapi import APIRouter, Depends, FastAPI, Request, Response
from prometheus_client import CollectorRegistry
from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from common import problems
from common.auth import KeyVerifier
from common.health_endpoints import Readiness
from common.http_app import build_app, json_response, key_required
from common.keys import Scope
from ingest.events import openapi
from ingest.openapi_document import document
from ingest.publishing.event_names import EventNames
from ingest.receiving.post_request import PostHandler, PostRequest

_log = structlog.get_logger()
PATH: Final = "/v1/events"
NAMES_PATH: Final = "/v1/events/names"


App = TypeVar("App", bound=ASGIApp)


class PostsFastPath(Generic[App]):
    """Calls the handler of a POST by its exact path; `app` gets everything else.

    For a small request FastAPI's routing would cost as much as all the rest.
    """

    def __init__(self, app: App, posts: Mapping[str, PostHandler]) -> None:
        self.app = app
        self._posts = posts
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        handler = self._posts.get(scope["path"]) if scope["type"] == "http" and scope["method"] == "POST" else None
        if handler is None:
            await self.app(scope, receive, send)
            return
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        try:
            response = await handler(PostRequest(scope, receive, self._loop))
        except Exception:
            _log.exception("request.crashed", path=scope["path"])
            response = problems.internal_error().response()
        await response(scope, receive, send)


def build(
    handler: PostHandler,
    *,
    names: EventNames,
    keys: KeyVerifier,
    readiness: Readiness,
    registry: CollectorRegistry,
    posts: Mapping[str, PostHandler] | None = None,
    routers: Sequence[APIRouter] = (),
) -> PostsFastPath[FastAPI]:
    """Serves POST /v1/events, the names of the events that were accepted, and the health endpoints.

    `posts` are further handlers by path, which are as fast; `routers` have the other routes.
    """
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
    app.openapi = lambda: document(app)  # type: ignore[method-assign]
    return PostsFastPath(app, {PATH: handler, **(posts or {})})
