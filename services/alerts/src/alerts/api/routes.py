"""The HTTP routes of alerts."""

from collections.abc import Awaitable, Callable
from typing import Annotated

import msgspec
from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from prometheus_client import CollectorRegistry

from alerts.api import answers, body, openapi
from alerts.api.parameters import Acknowledge, AlertId, AlertListParameters
from alerts.api.service import AlertsService
from common import health_endpoints, problems
from common.auth import KeyVerifier, authorize
from common.health_endpoints import Readiness
from common.keys import Scope
from common.request_metrics import RequestMetrics, RequestMiddleware

_BODY_BYTES = 10_240
_BODY_SECONDS = 10.0


def build(
    service: AlertsService,
    *,
    keys: KeyVerifier,
    metrics: RequestMetrics,
    readiness: Readiness,
    registry: CollectorRegistry,
) -> FastAPI:
    app = FastAPI(
        title="Churn signals: alerts",
        version="1",
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        generate_unique_id_function=lambda route: route.name,
    )
    problems.install_handlers(app)
    app.add_middleware(RequestMiddleware, metrics=metrics)
    app.router.routes.extend(health_endpoints.routes(readiness, registry))
    app.include_router(_alerts(service, keys))
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return app


def _alerts(service: AlertsService, keys: KeyVerifier) -> APIRouter:
    router = APIRouter(prefix="/v1/alerts")
    may_read, may_write = Depends(_with_key(keys, Scope.READ)), Depends(_with_key(keys, Scope.WRITE))

    @router.get("", dependencies=[may_read], responses=openapi.responses(answers.Alerts, openapi.OF_MANY))
    async def list_alerts(asked: Annotated[AlertListParameters, Query()]) -> Response:
        """Alerts that match every filter, the newest first, each with the reason of every yes and no."""
        return _json(await service.alerts(asked))

    @router.get("/{alert_id}", dependencies=[may_read], responses=openapi.responses(answers.Alert, openapi.OF_ONE))
    async def get_alert(alert_id: AlertId) -> Response:
        """One alert in full: its receipt, its way through the routes, every message and every attempt."""
        return _json(await service.alert(alert_id))

    @router.post(
        "/{alert_id}/ack",
        dependencies=[may_write],
        responses=openapi.responses(answers.Acknowledgement, openapi.OF_ACKNOWLEDGING),
        openapi_extra=openapi.ACKNOWLEDGE,
    )
    async def acknowledge_alert(alert_id: AlertId, request: Request) -> Response:
        """Take the alert's whole episode in hand: nobody hears of it again until something worse comes. Asking again
        changes nothing, unless something worse has come since."""
        acknowledge = await body.read(request, Acknowledge, most=_BODY_BYTES, seconds=_BODY_SECONDS)
        return _json(await service.acknowledge(alert_id, acknowledge))

    return router


def _with_key(keys: KeyVerifier, scope: Scope) -> Callable[[Request], Awaitable[None]]:
    async def with_key(request: Request) -> None:
        await authorize(request.headers.get("authorization"), keys, scope)

    return with_key


def _json(answer: msgspec.Struct) -> Response:
    return Response(msgspec.json.encode(answer), media_type="application/json")
