"""Every exception as a page: what happened, and what to do."""

from typing import Final
from urllib.parse import quote

import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from common.database_errors import DatabaseUnavailable
from common.problems import RETRY_AFTER, Problem
from console.errors import ApiRefused, ApiUnavailable, Forbidden, SignInRequired, StaleForm
from console.languages.locale import Locale
from console.web.forms import own_address
from console.web.rendering import PageRenderer
from console.web.texts import LAYOUT
from console.web.visit import requested_locale, visit_of

_log = structlog.get_logger()
_TEMPLATE: Final = "web/templates/error.html"


class ErrorPages:
    def __init__(self, renderer: PageRenderer) -> None:
        self._renderer = renderer

    def install(self, app: FastAPI) -> None:
        """Instead of the answers in JSON that an API gives."""
        app.add_exception_handler(SignInRequired, self._sign_in)
        app.add_exception_handler(Forbidden, self._forbidden)
        app.add_exception_handler(StaleForm, self._stale_form)
        app.add_exception_handler(ApiUnavailable, self._away)
        app.add_exception_handler(ApiRefused, self._refused)
        app.add_exception_handler(DatabaseUnavailable, self._database_away)
        app.add_exception_handler(Problem, self._problem)
        app.add_exception_handler(HTTPException, self._http_exception)
        app.add_exception_handler(RequestValidationError, self._not_valid)
        app.add_exception_handler(Exception, self._unexpected)

    async def _sign_in(self, request: Request, error: Exception) -> Response:
        # What a form posted is not kept: the person signs in, and opens the page anew.
        back = own_address(request)
        where = f"?next={quote(back, safe='')}" if request.method == "GET" and back != "/" else ""
        return RedirectResponse(f"/sign-in{where}", 303)

    async def _forbidden(self, request: Request, error: Exception) -> Response:
        _log.warning("act.forbidden", path=request.url.path, reason=str(error))
        return self._page(request, 403)

    async def _stale_form(self, request: Request, error: Exception) -> Response:
        heading, advice = LAYOUT[self._locale(request)].stale_form
        return self._page(request, 403, heading=heading, advice=advice)

    async def _away(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiUnavailable)
        layout = LAYOUT[self._locale(request)]
        return self._page(request, 503, advice=layout.away_of(error), again=request.method == "GET")

    async def _refused(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, ApiRefused)
        return self._page(request, error.status, detail=error.detail)

    async def _database_away(self, request: Request, error: Exception) -> Response:
        _log.warning("database.unavailable", error=str(error))
        heading, advice = LAYOUT[self._locale(request)].database_away
        return self._page(request, 503, heading=heading, advice=advice, again=request.method == "GET")

    async def _problem(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, Problem)
        response = self._page(request, error.status, detail=error.detail)
        response.headers.update(error.headers)
        return response

    async def _http_exception(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return self._page(request, error.status_code)

    async def _not_valid(self, request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        named = ", ".join(".".join(map(str, fault["loc"][1:])) for fault in error.errors())
        return self._page(request, 422, detail=named)

    async def _unexpected(self, request: Request, error: Exception) -> Response:
        # Starlette raises the exception again after this answer, and uvicorn logs it then.
        return self._page(request, 500)

    def _page(
        self,
        request: Request,
        status: int,
        *,
        heading: str = "",
        advice: str = "",
        detail: str = "",
        again: bool = False,
    ) -> Response:
        errors = LAYOUT[self._locale(request)].errors
        usual = errors.get(status) or errors[503 if status >= 502 else 500 if status >= 500 else 422]
        response = self._renderer.page(
            _TEMPLATE,
            request,
            visit_of(request),
            status=status,
            heading=heading or usual[0],
            advice=advice or usual[1],
            detail=detail,
            again=again,
        )
        if status == 503:
            response.headers["retry-after"] = str(RETRY_AFTER)
        return response

    def _locale(self, request: Request) -> Locale:
        visit = visit_of(request)
        return requested_locale(request) if visit is None else visit.locale
