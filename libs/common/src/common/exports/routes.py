"""`GET /v1/accounts/{id}/export`, the same at every service."""

from collections.abc import AsyncIterator, Mapping
from typing import Annotated, Any, Final, Protocol

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import StreamingResponse
from pydantic import Field

from common.account_in_path import ID_CHARS, account_in_path
from common.auth import KeyVerifier
from common.http_app import key_required
from common.keys import Scope
from common.problems import Problem, openapi_response
from common.query_parameters import QueryParameters, Text

_OTHER_METHODS: Final = ["DELETE", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "TRACE"]
_HEADERS: Final = {"cache-control": "no-store", "content-disposition": 'attachment; filename="export.json"'}


class Exporting(Protocol):
    async def open(self, account_id: str, user_id: str | None) -> AsyncIterator[bytes]:
        """The document in pieces. Raises a `Problem`: 404, 410 or 503."""


class ExportParameters(QueryParameters):
    user: Text | None = Field(
        default=None,
        description="only what names this person of the account; the hash, if mapping.yml has users hashed",
    )


def export_routes(exports: Exporting, keys: KeyVerifier, *, row_schemas: Mapping[str, dict[str, Any]]) -> APIRouter:
    """The route, for keys with the scope `admin`. `row_schemas` has the JSON Schema of a row by section."""
    router = APIRouter(prefix="/v1/accounts")
    may_ask = Depends(key_required(keys, Scope.ADMIN))

    @router.get("/{account_id:any_text}/export", dependencies=[may_ask], responses=_responses(row_schemas))
    async def export_account(
        request: Request, account_id: str, asked: Annotated[ExportParameters, Query()]
    ) -> StreamingResponse:
        """All that this service keeps of an account, or of one of its people: an array of rows for each table.

        The document is written while it is read. If it breaks off, its JSON has no end: ask again.
        """
        whole_id = account_in_path(request, end="/export", longest=ID_CHARS)
        pieces = await exports.open(whole_id, asked.user)
        return StreamingResponse(pieces, media_type="application/json", headers=_HEADERS)

    # Otherwise a DELETE of this path would erase an account whose id ends in "/export".
    @router.api_route("/{account_id:any_text}/export", methods=_OTHER_METHODS, include_in_schema=False)
    async def refuse_method(request: Request) -> None:
        detail = f"{request.method} {request.url.path}: method not allowed"
        raise Problem(405, "method_not_allowed", detail, headers={"allow": "GET"})

    return router


_REFUSALS: Final = {
    401: "No key, or none that is active.",
    403: "The key has not the scope `admin`.",
    404: "Nothing is known here of an account, or a person, with this id.",
    410: "The account was erased: `erasure_id` names the request.",
    422: "A parameter cannot be used: `errors` tells which and why.",
    503: "The database does not answer: ask again.",
}


def _responses(row_schemas: Mapping[str, dict[str, Any]]) -> dict[int | str, dict[str, Any]]:
    nullable = {"type": ["string", "null"]}
    sections = {name: {"type": "array", "items": row} for name, row in row_schemas.items()}
    schema = {
        "type": "object",
        "required": ["service", "account_id", "user_id", "as_of", "merged_into", "sections"],
        "properties": {
            "service": {"type": "string"},
            "account_id": {"type": "string"},
            "user_id": nullable,
            "as_of": {"type": "string", "format": "date-time"},
            "merged_into": {**nullable, "description": "the account that a merged one goes on as"},
            "sections": {"type": "object", "properties": sections},
        },
    }
    example: dict[str, Any] = {
        "service": "scoring",
        "account_id": "acme",
        "user_id": None,
        "as_of": "2026-01-31T12:00:00Z",
        "merged_into": None,
        "sections": {name: [] for name in row_schemas},
    }
    content = {"application/json": {"schema": schema, "example": example}}
    return {
        200: {"description": "All that is kept; moments that are numbers are in seconds (UTC).", "content": content},
        **{status: openapi_response(status, text) for status, text in _REFUSALS.items()},
    }
