"""The FastAPI app of a process, and what its routes have in common."""

from collections.abc import Awaitable, Callable

import msgspec
from fastapi import FastAPI, Request, Response
from prometheus_client import CollectorRegistry

from common import health_endpoints, problems
from common.auth import KeyVerifier, authorize
from common.health_endpoints import Readiness
from common.keys import Scope


def build_app(title: str, *, readiness: Readiness, registry: CollectorRegistry) -> FastAPI:
    """An app that answers every error as a problem and serves the health endpoints; its routes are the caller's."""
    app = FastAPI(
        title=title,
        version="1",
        # The document is served, the pages that show it load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install_handlers(app)
    app.router.routes.extend(health_endpoints.routes(readiness, registry))
    return app


def key_required(keys: KeyVerifier, scope: Scope) -> Callable[[Request], Awaitable[None]]:
    """A dependency of routes that need a key with this scope."""

    async def authorized(request: Request) -> None:
        await authorize(request.headers.get("authorization"), keys, scope)

    return authorized


def json_response(answer: msgspec.Struct, *, status: int = 200) -> Response:
    return Response(msgspec.json.encode(answer), status, media_type="application/json")
