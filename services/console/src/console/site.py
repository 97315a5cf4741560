"""The console's pages as one application."""

from collections.abc import Sequence

from fastapi import APIRouter, FastAPI
from msgspec import Struct
from prometheus_client import CollectorRegistry
from starlette.responses import RedirectResponse, Response

from common import health_endpoints
from common.health_endpoints import Readiness
from common.request_metrics import RequestMetrics, RequestMiddleware
from console.pages.sign_in.page import SignInParts, sign_in_routes
from console.web.error_pages import ErrorPages
from console.web.page import ConsolePage, PageParts
from console.web.security_headers import SecurityHeaders
from console.web.static_files import StaticFiles

_UNCOUNTED = frozenset({"/healthz", "/readyz", "/metrics", "/static/{name}", "other"})


class SiteParts(Struct, frozen=True, kw_only=True):
    """`origin` is the console's own, as browsers see it."""

    pages: Sequence[ConsolePage]
    page_parts: PageParts
    sign_in: SignInParts
    static: StaticFiles
    origin: str


def build(parts: SiteParts, *, metrics: RequestMetrics, readiness: Readiness, registry: CollectorRegistry) -> FastAPI:
    app = FastAPI(title="Churn signals: console", openapi_url=None, redirect_slashes=False)
    ErrorPages(parts.page_parts.renderer).install(app)
    app.router.routes.extend(health_endpoints.routes(readiness, registry))
    app.include_router(parts.static.routes())
    app.include_router(sign_in_routes(parts.sign_in))
    app.include_router(_start(parts.pages[0].path))
    for page in parts.pages:
        app.include_router(page.routes(parts.page_parts))
    app.add_middleware(SecurityHeaders, origin=parts.origin)
    app.add_middleware(RequestMiddleware, metrics=metrics, counted=lambda route: route not in _UNCOUNTED)
    return app


def _start(path: str) -> APIRouter:
    router = APIRouter()

    @router.get("/")
    async def start() -> Response:
        return RedirectResponse(path, 303)

    return router
