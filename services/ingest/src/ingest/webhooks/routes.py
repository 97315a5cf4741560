"""POST /v1/webhooks/{name}: the messages of other systems."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Annotated, Any, Final

from fastapi import APIRouter, Path, Request, Response

from common.problems import Problem, openapi_response, openapi_responses
from ingest.receiving.bounds import Bounds
from ingest.receiving.post_request import PostRequest
from ingest.webhooks.format import WebhookAnswer, WebhookFormat
from ingest.webhooks.metrics import WebhookMetrics

PATH: Final = "/v1/webhooks/{name}"
MOST_BYTES: Final = 500_000
"""No sender's message is larger, and the dead topic can take it whole."""
_RESPONSES: Final = openapi_responses(
    WebhookAnswer,
    {
        400: "Nothing can be read of the body.",
        401: "No secret of the webhook gives the signature, it is too old, or there is no key.",
        403: "The key has not the scope `webhooks`.",
        404: "mapping.yml has no webhook of this name.",
        408: "The body did not come in time.",
        413: f"The body is over {MOST_BYTES} bytes.",
        429: "The webhook is over its rate: nothing was taken.",
        503: "Kafka or PostgreSQL is away: nothing is known to be taken, send it again.",
    },
)
_MESSAGE: Final[dict[str, Any]] = {
    "id": "evt_1",
    "object": "event",
    "type": "invoice.payment_failed",
    "created": 1769860800,
    "data": {
        "object": {
            "id": "in_1",
            "customer": "cus_1",
            "amount_due": 420000,
            "currency": "eur",
            "metadata": {"account_id": "acme"},
        }
    },
}
_BODY: Final = {
    "requestBody": {
        "required": True,
        "description": "The message as its sender writes it.",
        "content": {
            "application/json": {
                "schema": {"anyOf": [{"type": "object"}, {"type": "array"}]},
                "examples": {"stripe": {"value": _MESSAGE}},
            }
        },
    },
    # mapping.yml says whether the sender signs or has a key.
    "security": [{}, {"key": []}],
}

Handler = Callable[[PostRequest, WebhookFormat], Awaitable[Response]]
_Name = Annotated[str, Path(description="The webhook's name in mapping.yml.")]


def with_message_bound(bounds: Bounds) -> Bounds:
    """The bounds of webhooks, whose messages are smaller than batches of events."""
    return replace(bounds, body_bytes=MOST_BYTES, inflated_bytes=MOST_BYTES)


def router(formats: Mapping[str, WebhookFormat], handle: Handler, metrics: WebhookMetrics) -> APIRouter:
    """The routes; `formats` are the webhooks by name."""
    routes = APIRouter()

    def named(name: str) -> WebhookFormat:
        found = formats.get(name)
        if found is None:
            metrics.unknown()
            raise Problem(404, "unknown_webhook", "mapping.yml has no webhook of this name")
        return found

    @routes.post(PATH, openapi_extra=_BODY, responses=_RESPONSES)
    async def post_webhook(request: Request, name: _Name) -> Response:
        """Take messages of another system; answer when Kafka has their events."""
        return await handle(PostRequest(request.scope, request.receive), named(name))

    @routes.head(PATH, responses={404: openapi_response(404, "mapping.yml has no webhook of this name.")})
    async def probe_webhook(name: _Name) -> Response:
        """Say whether there is a webhook of this name: Intercom asks before it sends."""
        named(name)
        return Response()

    return routes
