"""The OpenAPI description of POST /v1/events, generated from the types that the code uses."""

from typing import Any, Final

import msgspec

from common import problems
from common.catalogue.events import STANDARD_EVENTS
from common.catalogue.standard_event import DATED, LIVE
from common.catalogue.usage import FeatureUsed, SessionStarted
from ingest.events.answers import PostEventsAnswer
from ingest.publishing.event_names import EventNamesAnswer
from ingest.receiving.bounds import BOUNDS

_REF: Final = "#/components/schemas/{name}"
_EVENT: Final = {"$ref": _REF.format(name="IncomingEvent")}
_EXAMPLES: Final = {
    name: {
        "summary": str(check.event.__doc__).split("\n")[0],
        "description": f"At most {check.event.reach.days} days old when it comes in, of a backfill {DATED.days} days.",
        "value": check.event.posted(),
    }
    for name, check in STANDARD_EVENTS.items()
}
_LINES: Final = {
    "schema": {"type": "string", "description": "one event a line"},
    "example": "".join(f"{msgspec.json.encode(event.posted()).decode()}\n" for event in (SessionStarted, FeatureUsed)),
}

_REFUSALS: Final = {
    400: "The body as a whole, or a parameter, cannot be read; `detail` tells where.",
    401: "No key, or none that is active.",
    403: "The key has neither the scope `events` nor `write`.",
    408: "The body came too slowly.",
    413: f"Over {BOUNDS.body_bytes} bytes, {BOUNDS.inflated_bytes} inflated or {BOUNDS.items} events.",
    415: "Another content type than JSON or NDJSON, or another encoding than gzip.",
    422: "Not one event could be taken: `items` tells why for each.",
    429: "The key sends faster than it may; nothing was taken.",
    503: "Unknown whether it was taken: send all of it again with the same ids.",
}

_LIMIT_HEADERS: Final = {
    "RateLimit-Policy": {
        "description": "Only if the key has a limit: `q` events at once, refilled within `w` seconds.",
        "schema": {"type": "string"},
        "example": '"events";q=20000;w=40',
    },
    "RateLimit": {
        "description": "Only if the key has a limit: `r` events are left, `t` seconds from now `q` are. While none is "
        "left, `t` is when the first one is.",
        "schema": {"type": "string"},
        "example": '"events";r=12000;t=16',
    },
}
# Answered before it is known whose request it is.
_WITHOUT_KEY: Final = {401, 403}


def post_events() -> dict[str, Any]:
    answer = {"schema": {"$ref": _REF.format(name=PostEventsAnswer.__name__)}}
    accepted = {
        "description": "At least one event was taken, and is on the log.",
        "headers": _LIMIT_HEADERS,
        "content": {"application/json": answer},
    }
    return {
        "security": [{"key": []}],
        "parameters": _parameters(),
        "requestBody": {"required": True, "content": _bodies()},
        "responses": {
            "202": accepted,
            **{str(status): _refusal(status, text) for status, text in _REFUSALS.items()},
        },
    }


def _refusal(status: int, text: str) -> dict[str, Any]:
    response = problems.openapi_response(status, text)
    headers = {} if status in _WITHOUT_KEY else _LIMIT_HEADERS
    return {**response, "headers": {**response["headers"], **headers}}


def event_names() -> dict[str, Any]:
    answer = {"schema": {"$ref": _REF.format(name=EventNamesAnswer.__name__)}}
    refusals = {401: _REFUSALS[401], 403: "The key has not the scope `read`.", 503: "Keys cannot be read: ask again."}
    return {
        "security": [{"key": []}],
        "responses": {
            "200": {"description": "The most frequent names first.", "content": {"application/json": answer}},
            **{str(status): problems.openapi_response(status, text) for status, text in refusals.items()},
        },
    }


def _bodies() -> dict[str, Any]:
    batch = {"type": "array", "items": _EVENT, "minItems": 1, "maxItems": BOUNDS.items}
    return {
        "application/json": {"schema": {"anyOf": [_EVENT, batch]}, "examples": _EXAMPLES},
        "application/x-ndjson": _LINES,
    }


def history_parameter(*, default: bool = False) -> dict[str, Any]:
    return {
        "name": "history",
        "in": "query",
        "description": "A backfill: what follows from it is kept as history and wakes nobody. Its events may be "
        f"{DATED.days} days old; without it, {LIVE.days} days, or what the example of an event says.",
        "schema": {"type": "boolean", "default": default},
    }


def _parameters() -> list[dict[str, Any]]:
    return [
        history_parameter(),
        {
            "name": "dry_run",
            "in": "query",
            "description": "Answers as without it, and sends nothing to the log.",
            "schema": {"type": "boolean", "default": False},
        },
        {
            "name": "Idempotency-Key",
            "in": "header",
            "description": "Gives events without an id the same ids whenever this request is sent again.",
            "schema": {"type": "string", "minLength": 1, "maxLength": 255, "pattern": "^[ -~]+$"},
        },
        {
            "name": "Content-Encoding",
            "in": "header",
            "schema": {"type": "string", "enum": ["gzip", "identity"]},
        },
    ]
