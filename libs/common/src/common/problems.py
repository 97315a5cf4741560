"""HTTP errors as RFC 9457 problem details (`application/problem+json`), with a `code` for programs."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

import msgspec
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

if TYPE_CHECKING:
    from fastapi import FastAPI

_log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
RETRY_AFTER = 5  # seconds, of a 503 that does not know better


class Problem(Exception):
    """An HTTP error: `code` names the reason for programs, `detail` explains this occurrence to a person."""

    def __init__(
        self,
        status: int,
        code: str,
        detail: str,
        *,
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.code = code
        self.detail = detail
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def response(self) -> Response:
        body = {
            "type": "about:blank",
            "title": HTTPStatus(self.status).phrase,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **self.more,
        }
        return Response(msgspec.json.encode(body), self.status, self.headers, media_type=MEDIA_TYPE)


def unavailable(
    code: str, detail: str, *, retry_after: int = RETRY_AFTER, headers: Mapping[str, str] | None = None
) -> Problem:
    """A 503: the same request may succeed after `retry_after` seconds."""
    return Problem(503, code, detail, headers={"retry-after": str(retry_after), **(headers or {})})


def database_unavailable(error: Exception) -> Problem:
    """The 503 of an API that cannot read PostgreSQL; the log has the reason."""
    _log.warning("database.unavailable", error=str(error))
    return unavailable("database_unavailable", "the database does not answer in time: ask again")


SCHEMA: dict[str, Any] = {
    "type": "object",
    "description": "RFC 9457 problem details",
    "required": ["type", "title", "status", "code", "detail"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
    },
}
"""The component `Problem` of OpenAPI documents."""

_METHODS: Final = ("DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT")
_HEADERS: dict[int, dict[str, Any]] = {
    401: {"WWW-Authenticate": {"schema": {"type": "string"}}},
    429: {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}},
    503: {"Retry-After": {"description": "seconds", "schema": {"type": "integer"}}},
}


def openapi_response(status: int, text: str) -> dict[str, Any]:
    """The OpenAPI response object for a problem; the document has `SCHEMA` as its component `Problem`."""
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": text, "content": content, "headers": _HEADERS.get(status, {})}


def openapi_responses(answer: type[Any], refusals: Mapping[int, str]) -> dict[int | str, dict[str, Any]]:
    """For one route: its answer, and every problem that it may tell. The document has the answer as a component."""
    schema = {"$ref": f"#/components/schemas/{answer.__name__}"}
    return {
        200: {"description": (answer.__doc__ or "").strip(), "content": {"application/json": {"schema": schema}}},
        **{status: openapi_response(status, text) for status, text in sorted(refusals.items())},
    }


def install_handlers(app: "FastAPI") -> None:
    """Makes `app` answer every exception as a problem: `Problem`, Starlette's, FastAPI's and all others."""
    # A process without such an app imports this module too; FastAPI would cost it 6 MB.
    from fastapi.exceptions import RequestValidationError

    app.add_exception_handler(Problem, _problem)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(Exception, _unexpected)


def internal_error() -> Problem:
    """A 500 without details, which could leak data."""
    return Problem(500, "internal_server_error", "an error of ours; it has been logged")


async def _problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, Problem)
    return error.response()


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    phrase = HTTPStatus(error.status_code).phrase
    code = phrase.lower().replace(" ", "_")
    detail = error.detail if error.detail != phrase else f"{request.method} {request.url.path}: {phrase.lower()}"
    headers = {**(error.headers or {})}
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        headers["Allow"] = ", ".join(sorted(_allowed_methods(request)))
    return Problem(error.status_code, code, detail, headers=headers).response()


def _allowed_methods(request: Request) -> set[str]:
    """Of all routes with this path: Starlette names those of the first one alone."""
    return {
        method
        for method in _METHODS
        if any(
            route.matches({**request.scope, "method": method})[0] is Match.FULL for route in request.app.router.routes
        )
    }


async def _validation_error(request: Request, error: Exception) -> Response:
    from fastapi.exceptions import RequestValidationError

    assert isinstance(error, RequestValidationError)
    errors = [
        {"field": ".".join(map(str, fault["loc"])), "reason": fault["type"], "detail": fault["msg"]}
        for fault in error.errors()
    ]
    # FastAPI's own answer would repeat the input, which may hold secrets.
    named = ", ".join(fault["field"] for fault in errors)
    return Problem(422, "bad_parameter", f"not valid: {named}", more={"errors": errors}).response()


async def _unexpected(request: Request, error: Exception) -> Response:
    # Starlette raises the exception again after this answer, and uvicorn logs it then.
    return internal_error().response()
