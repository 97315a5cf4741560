"""One connection pool to one service's API, and its errors as the console's own."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import httpx
import msgspec
import structlog

from console.errors import ApiRefused, ApiUnavailable, ScopeMissing, ServiceName

_log = structlog.get_logger()
Query = Mapping[str, str | int | float | Sequence[str]]
Answer = TypeVar("Answer")


_PERSON = "/v1/users/"
_SCOPE_MISSING = "scope_missing"
# The one 403 that is about what was asked, and not about the console's own key.
_MAY_NOT_GRANT = "may_not_grant"


class _ProblemDetails(msgspec.Struct):
    """RFC 9457."""

    code: str = ""
    detail: str = ""


class ServiceApi:
    """Asks with the console's key. Raises `ApiUnavailable` and `ApiRefused`."""

    def __init__(self, service: ServiceName, http: httpx.AsyncClient) -> None:
        self.service = service
        self._http = http

    async def get(self, path: str, answer: type[Answer], query: Query | None = None) -> Answer:
        return self._decoded(await self._ask("GET", path, params=query), answer)

    async def get_bytes(self, path: str, query: Query | None = None) -> bytes:
        """An answer that is passed on as it is."""
        return (await self._ask("GET", path, params=query)).content

    async def post(self, path: str, answer: type[Answer], body: Any = None, *, seconds: float | None = None) -> Answer:
        """`seconds` bound this answer, in place of what bounds all."""
        content = b"" if body is None else msgspec.json.encode(body)
        request: dict[str, Any] = {"content": content, "headers": {"content-type": "application/json"}}
        if seconds is not None:
            request["timeout"] = seconds
        return self._decoded(await self._ask("POST", path, **request), answer)

    async def delete(self, path: str, answer: type[Answer]) -> Answer:
        return self._decoded(await self._ask("DELETE", path), answer)

    async def delete_silently(self, path: str) -> None:
        """What is answered with nothing."""
        await self._ask("DELETE", path)

    async def answer(self, path: str) -> tuple[int, str]:
        """Status and text of whatever it answers: a process that is not ready says why with a 503."""
        try:
            answered = await self._http.get(path)
        except httpx.HTTPError as error:
            raise self._unavailable(path, error) from error
        return answered.status_code, answered.text

    async def _ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        try:
            answered = await self._http.request(method, path, **request)
        except httpx.HTTPError as error:
            raise self._unavailable(path, error) from error
        if answered.is_success:
            return answered
        problem = _problem(answered)
        if problem.code == _MAY_NOT_GRANT:
            raise ApiRefused(self.service, answered.status_code, problem.code, problem.detail)
        # A key that is refused is the operator's mistake: to the person who looks, the service is away.
        if answered.status_code >= 500 or answered.status_code in (401, 403, 429):
            status = answered.status_code
            _log.warning("api.unavailable", api=self.service, path=_logged(path), status=status, code=problem.code)
            away = ScopeMissing if problem.code == _SCOPE_MISSING else ApiUnavailable
            raise away(self.service, problem.detail or f"answered {answered.status_code}")
        raise ApiRefused(self.service, answered.status_code, problem.code, problem.detail)

    def _unavailable(self, path: str, error: httpx.HTTPError) -> ApiUnavailable:
        reason = str(error) or type(error).__name__
        _log.warning("api.unavailable", api=self.service, path=_logged(path), error=reason)
        return ApiUnavailable(self.service, reason)

    def _decoded(self, answered: httpx.Response, answer: type[Answer]) -> Answer:
        try:
            return msgspec.json.decode(answered.content, type=answer)
        except (msgspec.DecodeError, msgspec.ValidationError) as error:
            _log.error("api.unreadable", api=self.service, path=_logged(answered.url.path), error=str(error))
            raise ApiUnavailable(self.service, f"its answer cannot be read: {error}") from error


def _logged(path: str) -> str:
    """Without the id of a person: a log is not erased."""
    return f"{_PERSON}.." if path.startswith(_PERSON) else path


def _problem(answered: httpx.Response) -> _ProblemDetails:
    try:
        return msgspec.json.decode(answered.content, type=_ProblemDetails)
    except (msgspec.DecodeError, msgspec.ValidationError):
        return _ProblemDetails()


@asynccontextmanager
async def service_api(
    service: ServiceName, *, url: str, key: str, seconds: float, connections: int
) -> AsyncIterator[ServiceApi]:
    """With a pool of its own, closed at the end of the block. `seconds` bound one answer.

    `key` is empty for a process that asks for none: HTTP allows no header that ends in a blank.
    """
    authorization = {"authorization": f"Bearer {key}"} if key else {}
    limits = httpx.Limits(max_connections=connections, max_keepalive_connections=connections)
    client = httpx.AsyncClient(
        base_url=url,
        headers={"accept": "application/json", **authorization},
        timeout=httpx.Timeout(seconds, connect=min(seconds, 3.0)),
        limits=limits,
        follow_redirects=False,
        # No proxy of the environment is asked: the services are on the inside.
        trust_env=False,
    )
    async with client:
        yield ServiceApi(service, client)
