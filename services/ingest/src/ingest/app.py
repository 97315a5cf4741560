"""The HTTP face of ingest."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.openapi.utils import get_openapi
from prometheus_client import CollectorRegistry

from common import operations, problems
from common.operations import Readiness
from ingest import openapi

Take = Callable[[Request], Awaitable[Response]]


def build(take: Take, *, readiness: Readiness, registry: CollectorRegistry) -> FastAPI:
    """`take` answers POST /v1/events; beside it only what operators ask of every process."""
    app = FastAPI(title="Churn signals: ingest", version="1", docs_url=None, redoc_url=None)
    problems.install(app)
    app.router.routes.extend(operations.routes(readiness, registry))

    @app.post("/v1/events", openapi_extra=openapi.post_events(), include_in_schema=True, status_code=202)
    async def post_events(request: Request) -> Response:
        """Take one event, a JSON array of events, or NDJSON; answer once all of them are on the log."""
        return await take(request)

    app.openapi = lambda: _document(app)  # type: ignore[method-assign]
    return app


def _document(app: FastAPI) -> dict[str, Any]:
    document = get_openapi(title=app.title, version=app.version, routes=app.routes)
    document["components"] = openapi.components()
    # FastAPI adds an answer that ours replaces: validation is told as 400 or 422 problems.
    document["paths"]["/v1/events"]["post"]["responses"] = openapi.post_events()["responses"]
    return document
