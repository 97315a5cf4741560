"""GET /v1/sources: each source against its own baseline."""

from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Path, Response

from common.auth import KeyVerifier
from common.http_app import json_response, key_required
from common.keys import Scope
from common.problems import openapi_responses
from ingest.sources.report import SourceAnswer, SourceReports, SourcesAnswer

PATH: Final = "/v1/sources"
SourceName = Annotated[str, Path(pattern="^[a-z0-9][a-z0-9_.-]*$", max_length=64)]

_REFUSALS: Final = {
    401: "No key, or none that is active.",
    403: "The key has not the scope `read`.",
    503: "The database does not answer, or keys cannot be read: ask again.",
}
_OF_ONE: Final = {404: "No key has this source, and nothing was heard of it.", 422: "No source has such a name."}


def router(reports: SourceReports, keys: KeyVerifier) -> APIRouter:
    """The routes, for keys with the scope `read`."""
    routes = APIRouter(prefix=PATH, dependencies=[Depends(key_required(keys, Scope.READ))])
    responses: dict[int | str, dict[str, Any]] = openapi_responses(SourcesAnswer, _REFUSALS)

    @routes.get("", responses=responses)
    async def list_sources() -> Response:
        """Each source against its own baseline: whether it is silent, what was refused, how late its events come."""
        return json_response(await reports.all())

    @routes.get("/{source}", responses=openapi_responses(SourceAnswer, {**_REFUSALS, **_OF_ONE}))
    async def get_source(source: SourceName) -> Response:
        """One source with what is usual in each hour of the week, and its last 14 days by the hour."""
        return json_response(await reports.one(source))

    return routes
