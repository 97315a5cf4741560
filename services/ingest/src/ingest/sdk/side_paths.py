"""Answers what clients ask beside their events, so that they do not ask again or write errors on a page's console."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from fastapi import APIRouter, Response
from msgspec import Struct


class _SidePath(Struct, frozen=True):
    """`body` is the answer to every POST; `summary` and `answered` are for the API's document."""

    body: bytes
    summary: str
    answered: str


_NO_FLAGS: Final = _SidePath(
    b'{"flags":{},"featureFlags":{},"featureFlagPayloads":{},"errorsWhileComputingFlags":false,'
    b'"sessionRecording":false,"autocapture_opt_out":true,"capturePerformance":false,"surveys":false,'
    b'"siteApps":[],"supportedCompression":["gzip","gzip-js"]}',
    "Say that there are no feature flags, for PostHog's clients.",
    "No flags.",
)
_NO_MEASURES: Final = _SidePath(
    b'{"success":true}',
    "Take no notice of what Segment's client in browsers measures of itself.",
    "Nothing is kept.",
)
_PATHS: Final[Mapping[str, _SidePath]] = {"/flags": _NO_FLAGS, "/decide": _NO_FLAGS, "/v1/m": _NO_MEASURES}
SIDE_PATHS: Final = tuple(spelled for path in _PATHS for spelled in (path, f"{path}/"))


def router() -> APIRouter:
    """Needs no key, because the answers tell nothing."""
    routes = APIRouter()
    for spelled in SIDE_PATHS:
        path = _PATHS[spelled.removesuffix("/")]
        content = {"application/json": {"schema": {"type": "object"}}}
        routes.add_api_route(
            spelled,
            _answering(path.body),
            methods=["POST"],
            name=f"aside{spelled.replace('/', '_')}",
            description=path.summary,
            openapi_extra={"responses": {"200": {"description": path.answered, "content": content}}},
            include_in_schema=not spelled.endswith("/"),
        )
    return routes


def _answering(body: bytes) -> Callable[[], Awaitable[Response]]:
    async def answer() -> Response:
        return Response(body, media_type="application/json")

    return answer
