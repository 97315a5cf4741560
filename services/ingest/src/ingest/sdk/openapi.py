"""The routes of the SDKs, and their description in the OpenAPI document."""

from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import msgspec
from fastapi import APIRouter, Request, Response
from starlette.types import Message

from ingest.events.openapi import history_parameter
from ingest.mapping.message import MessageKind
from ingest.receiving.bounds import BOUNDS
from ingest.receiving.post_request import PostHandler, PostRequest
from ingest.sdk.amplitude import AMPLITUDE
from ingest.sdk.cloudevents import CLOUDEVENTS
from ingest.sdk.mixpanel import MIXPANEL
from ingest.sdk.paths import SDK_PATHS, in_both_spellings
from ingest.sdk.posthog import POSTHOG
from ingest.sdk.segment import SEGMENT

_OBJECT: Final = {"type": "object"}
# Any JSON is accepted; ingest refuses single messages that are malformed.
_ANY: Final[dict[str, Any]] = {"description": "an object, or an array of them"}
_COUNTS: Final = {name: {"type": "integer"} for name in ("messages", "events", "ignored", "rejected")}
_ANSWER: Final = {"type": "object", "required": list(_COUNTS), "properties": {**_COUNTS, "errors": {"type": "array"}}}
_MIXPANEL_ANSWER: Final = {"anyOf": [_ANSWER, {"type": "integer", "const": 1}]}
_VERBOSE: Final = {
    "name": "verbose",
    "in": "query",
    "description": "1 or true: the answer has the counts. Else it is 1, but for imports without this parameter.",
    "schema": {"type": "string", "examples": ["1"]},
}
_ERROR: Final = {
    "type": "object",
    "required": ["code", "message"],
    "properties": {"code": {"type": ["string", "integer"]}, "message": {"type": "string"}},
}
_RETRY_AFTER: Final = {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}}
_REFUSALS: Final = {
    400: "Nothing can be read of the body.",
    401: "No key, or none that is active.",
    403: "The key has not the scope `write`, or the browser's page is of an origin that is not allowed.",
    408: "The body came too slowly.",
    413: f"Over {BOUNDS.body_bytes} bytes, {BOUNDS.inflated_bytes} inflated or {BOUNDS.items} messages.",
    415: "Another encoding than gzip, or no CloudEvent.",
    429: "The key sends faster than it may; nothing was taken.",
    503: "Unknown whether it was taken: send all of it again with the same ids.",
}
_TRACK: Final = {
    "type": "track",
    "messageId": "m-1",
    "userId": "u-17",
    "event": "Report Exported",
    "properties": {"format": "pdf"},
    "context": {"groupId": "acme"},
    "timestamp": "2026-01-31T09:00:00Z",
}
_GROUP: Final = {
    "type": "group",
    "messageId": "m-2",
    "userId": "u-17",
    "groupId": "acme",
    "traits": {"name": "Acme", "arr": 48000},
}
_POSTHOG_EVENT: Final = {
    "event": "Report Exported",
    "uuid": "0199f0de-0000-7000-8000-000000000001",
    "distinct_id": "u-17",
    "properties": {"$groups": {"company": "acme"}},
    "timestamp": "2026-01-31T09:00:00Z",
}
_AMPLITUDE_EVENT: Final = {
    "event_type": "Report Exported",
    "insert_id": "i-1",
    "user_id": "u-17",
    "groups": {"company": "acme"},
    "time": 1769850000000,
}
_MIXPANEL_EVENT: Final = {
    "event": "Report Exported",
    "properties": {"token": "KEY", "distinct_id": "u-17", "$insert_id": "i-1", "company_id": "acme"},
}
_CLOUDEVENT: Final = {
    "specversion": "1.0",
    "id": "1",
    "source": "/reports",
    "type": "com.example.report.exported",
    "data": {"account_id": "acme", "user_id": "u-17"},
}
_EXAMPLES: Final[Mapping[str, Any]] = {
    "/v1/batch": {"batch": [_TRACK, _GROUP], "sentAt": "2026-01-31T09:00:01Z"},
    "/v1/b": {"writeKey": "KEY", "batch": [_TRACK]},
    "/beacon/v1/batch": {"batch": [_TRACK], "sentAt": "2026-01-31T09:00:01Z"},
    "/v1/import": {"batch": [_TRACK]},
    "/batch": {"api_key": "KEY", "batch": [_POSTHOG_EVENT]},
    "/capture": {"api_key": "KEY", **_POSTHOG_EVENT},
    "/e": {"api_key": "KEY", **_POSTHOG_EVENT},
    "/i/v0/e": {"api_key": "KEY", **_POSTHOG_EVENT},
    "/2/httpapi": {"api_key": "KEY", "events": [_AMPLITUDE_EVENT]},
    "/track": [_MIXPANEL_EVENT],
    "/import": [_MIXPANEL_EVENT],
    "/engage": [{"$token": "KEY", "$distinct_id": "u-17", "$set": {"$name": "Ann", "$email": "ann@acme.example"}}],
    "/groups": [{"$token": "KEY", "$group_key": "company_id", "$group_id": "acme", "$set": {"name": "Acme"}}],
}
_SINGLE: Final[Mapping[MessageKind, Any]] = {
    MessageKind.TRACK: {name: value for name, value in _TRACK.items() if name != "type"},
    MessageKind.PAGE: {"messageId": "m-3", "userId": "u-17", "name": "Reports"},
    MessageKind.SCREEN: {"messageId": "m-4", "userId": "u-17", "name": "Reports"},
    MessageKind.IDENTIFY: {"messageId": "m-5", "userId": "u-17", "traits": {"email": "ann@acme.example"}},
    MessageKind.GROUP: {name: value for name, value in _GROUP.items() if name != "type"},
    MessageKind.ALIAS: {"messageId": "m-6", "userId": "u-17", "previousId": "anon-1"},
}
_KEY_IN_BODY: Final = frozenset([POSTHOG, AMPLITUDE, MIXPANEL])


def router(posts: Mapping[str, PostHandler]) -> APIRouter:
    """Documents the paths of `posts`. FastAPI never gets their POST requests; it answers other methods with 405."""
    routes = APIRouter()
    for path, sdk_path in SDK_PATHS.items():
        format_name, name = sdk_path.make().name, path.replace("/", "_")
        for spelled in posts.keys() & set(in_both_spellings(path)):
            routes.add_api_route(
                spelled,
                _endpoint(posts[spelled]),
                methods=["POST"],
                name=f"post{name}",
                description=sdk_path.summary,
                openapi_extra=_operation(path, format_name),
                include_in_schema=spelled == path,
            )
            if sdk_path.takes_get:
                routes.add_api_route(
                    spelled,
                    _of_address(posts[spelled]),
                    methods=["GET"],
                    name=f"get{name}",
                    description=f"{sdk_path.summary} Mixpanel's client for Node posts batches only.",
                    openapi_extra=_get_operation(path),
                    include_in_schema=spelled == path,
                )
    return routes


def _of_address(handler: PostHandler) -> Callable[[Request], Awaitable[Response]]:
    """Takes the query of a GET as the form that would be the body of a POST."""

    async def get(request: Request) -> Response:
        async def receive() -> Message:
            return {"type": "http.request", "body": request.scope["query_string"]}

        return await handler(PostRequest(request.scope, receive))

    return get


def _endpoint(handler: PostHandler) -> Callable[[Request], Awaitable[Response]]:
    async def post(request: Request) -> Response:
        return await handler(PostRequest(request.scope, request.receive))

    return post


def _operation(path: str, format_name: str) -> dict[str, Any]:
    json = {"application/json": {"schema": _ERROR}}
    refused = {
        str(status): {"description": text, "content": json, "headers": _RETRY_AFTER if status in (429, 503) else {}}
        for status, text in _REFUSALS.items()
    }
    mixpanel, key_parameter = format_name == MIXPANEL, SDK_PATHS[path].key_parameter
    key = {"name": key_parameter, "in": "query", "schema": {"type": "string"}, "description": "The API key."}
    answer = {"application/json": {"schema": _MIXPANEL_ANSWER if mixpanel else _ANSWER}}
    taken = {"description": "What could be taken is on the log.", "content": answer}
    return {
        "parameters": [
            history_parameter(default=SDK_PATHS[path].history),
            *([_VERBOSE] if mixpanel else []),
            *([key] if key_parameter else []),
        ],
        # OpenAPI cannot describe a key that is in the body.
        "security": [] if format_name in _KEY_IN_BODY or key_parameter else [{"key": []}, {"userName": []}],
        "requestBody": {"required": True, "content": _content(path, format_name)},
        "responses": {"200": taken, **refused},
    }


def _get_operation(path: str) -> dict[str, Any]:
    posted = _operation(path, MIXPANEL)
    example = b64encode(msgspec.json.encode(_EXAMPLES[path])).decode()
    data = {"name": "data", "in": "query", "required": True, "schema": {"type": "string"}, "example": example}
    return {
        "parameters": [{**data, "description": "JSON in base64."}, *posted["parameters"]],
        "security": [],
        "responses": posted["responses"],
    }


def _content(path: str, format_name: str) -> dict[str, Any]:
    if format_name == CLOUDEVENTS:
        return {
            "application/cloudevents+json": {"schema": _ANY, "example": _CLOUDEVENT},
            "application/cloudevents-batch+json": {"schema": {"type": "array"}, "example": [_CLOUDEVENT]},
        }
    example = _EXAMPLES.get(path) or _SINGLE[_kind_of(path)]
    schema = _OBJECT if format_name in (SEGMENT, AMPLITUDE) else _ANY
    return {"application/json": {"schema": schema, "example": example}}


def _kind_of(path: str) -> MessageKind:
    """The kind of message that a path of Segment takes; the path ends in the kind, or its first letter."""
    return next(kind for kind in MessageKind if path in (f"/v1/{kind}", f"/v1/{kind[0]}"))
