"""Answers PostHog's clients that there are no feature flags, in their format."""

from typing import Final

from fastapi import APIRouter, Response

FLAG_PATHS: Final = ("/flags", "/flags/", "/decide", "/decide/")
_ANSWER: Final = (
    b'{"flags":{},"featureFlags":{},"featureFlagPayloads":{},"errorsWhileComputingFlags":false,'
    b'"sessionRecording":false,"autocapture_opt_out":true,"capturePerformance":false,"surveys":false,'
    b'"siteApps":[],"supportedCompression":["gzip","gzip-js"]}'
)
_DESCRIBED: Final = {
    "responses": {"200": {"description": "No flags.", "content": {"application/json": {"schema": {"type": "object"}}}}}
}


def router() -> APIRouter:
    """Needs no key, because the answer tells nothing. Without an answer the clients would ask again and again."""
    routes = APIRouter()

    async def no_flags() -> Response:
        """Say that there are no feature flags, for PostHog's clients."""
        return Response(_ANSWER, media_type="application/json")

    for path in FLAG_PATHS:
        routes.add_api_route(
            path,
            no_flags,
            methods=["POST"],
            name=f"no_flags{path.replace('/', '_')}",
            openapi_extra=_DESCRIBED,
            include_in_schema=not path.endswith("/"),
        )
    return routes
