"""The HTTP routes of alerts."""

from typing import Annotated

from fastapi import APIRouter, Depends, FastAPI, Query, Request, Response
from prometheus_client import CollectorRegistry

from alerts.api import answers, openapi
from alerts.api.parameters import Acknowledge, AlertId, AlertListParameters, AlertOwnersParameters, Resend
from alerts.api.service import AlertsService
from common import json_body
from common.auth import KeyVerifier
from common.health_endpoints import Readiness
from common.http_app import build_app, json_response, key_required
from common.keys import Scope
from common.problems import openapi_responses
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
    app = build_app("Churn signals: alerts", readiness=readiness, registry=registry)
    app.add_middleware(RequestMiddleware, metrics=metrics)
    app.include_router(_alerts(service, keys))
    app.include_router(_owners(service, keys))
    app.openapi = lambda: openapi.document(app)  # type: ignore[method-assign]
    return app


def _alerts(service: AlertsService, keys: KeyVerifier) -> APIRouter:
    router = APIRouter(prefix="/v1/alerts")
    may_read, may_write = Depends(key_required(keys, Scope.READ)), Depends(key_required(keys, Scope.WRITE))

    @router.get("", dependencies=[may_read], responses=openapi_responses(answers.Alerts, openapi.OF_MANY))
    async def list_alerts(asked: Annotated[AlertListParameters, Query()]) -> Response:
        """Alerts that match every filter, the newest first, each with the reason of every yes and no."""
        return json_response(await service.alerts(asked))

    @router.get("/{alert_id}", dependencies=[may_read], responses=openapi_responses(answers.Alert, openapi.OF_ONE))
    async def get_alert(alert_id: AlertId) -> Response:
        """One alert in full: its receipt, its way through the routes, every message and every attempt."""
        return json_response(await service.alert(alert_id))

    @router.post(
        "/{alert_id}/ack",
        dependencies=[may_write],
        responses=openapi_responses(answers.Acknowledgement, openapi.OF_ACKNOWLEDGING),
        openapi_extra=openapi.ACKNOWLEDGE,
    )
    async def acknowledge_alert(alert_id: AlertId, request: Request) -> Response:
        """Take the alert's whole episode in hand: nobody hears of it again until something worse comes. Asking again
        changes nothing, unless something worse has come since."""
        acknowledge = await json_body.read(request, Acknowledge, most=_BODY_BYTES, seconds=_BODY_SECONDS)
        return json_response(await service.acknowledge(alert_id, acknowledge))

    @router.post(
        "/{alert_id}/resend",
        dependencies=[may_write],
        responses=openapi_responses(answers.Resent, openapi.OF_RESENDING),
        openapi_extra=openapi.RESEND,
    )
    async def resend_alert(alert_id: AlertId, request: Request) -> Response:
        """Send the alert's messages again that have failed for good. They are decided anew first: what is over by now,
        or was told otherwise, is not sent. The body may say who asks."""
        resend = await json_body.read_optional(request, Resend, most=_BODY_BYTES, seconds=_BODY_SECONDS)
        return json_response(await service.resend(alert_id, by=None if resend is None else resend.by))

    return router


def _owners(service: AlertsService, keys: KeyVerifier) -> APIRouter:
    # Not below /v1/alerts, where ids are.
    router = APIRouter(prefix="/v1/alert-owners", dependencies=[Depends(key_required(keys, Scope.READ))])

    @router.get("", responses=openapi_responses(answers.AlertOwners, openapi.OF_MANY))
    async def list_alert_owners(asked: Annotated[AlertOwnersParameters, Query()]) -> Response:
        """How many alerts match every filter, by the owner whom the signal named."""
        return json_response(await service.owners(asked))

    return router
