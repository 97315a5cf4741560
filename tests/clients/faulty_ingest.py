"""A proxy before ingest that answers by a plan instead of passing a request on, or loses the answer."""

from collections.abc import Iterable
from enum import Enum

import httpx

from local.fakes.http_server import HOST, Ending, FakeHttpServer, Reply, Request


class Fault(Enum):
    """What becomes of one request."""

    UNAVAILABLE = "503, and ingest never hears of it"
    RATE_LIMITED = "429 with Retry-After, and ingest never hears of it"
    RESET_BEFORE = "the connection is reset, and ingest never hears of it"
    RESET_AFTER = "ingest takes it, and the connection is reset instead of an answer"


_ANSWERS = {
    Fault.UNAVAILABLE: Reply(status=503, body='{"code":"busy","message":"later"}', content_type="application/json"),
    Fault.RATE_LIMITED: Reply(
        status=429,
        body='{"code":"too_many_events","message":"later"}',
        content_type="application/json",
        headers={"Retry-After": "1"},
    ),
}
# Of one connection; the others are the proxy's own.
_NOT_PASSED_ON = ("host", "connection", "content-length", "expect")


class FaultyIngest:
    """Passes a request on where the plan has None, and once it is through.

    `statuses` are those of ingest's own answers.
    """

    def __init__(self, ingest_url: str, plan: Iterable[Fault | None] = ()) -> None:
        self.left = list(plan)
        self.statuses: list[int] = []
        self._ingest_url = ingest_url
        self._server = FakeHttpServer(self._answer)
        self._http = httpx.AsyncClient(timeout=30.0)

    @property
    def url(self) -> str:
        return f"http://{HOST}:{self._server.port}"

    async def __aenter__(self) -> "FaultyIngest":
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop()
        await self._http.aclose()

    async def _answer(self, request: Request) -> Reply | Ending:
        fault = self.left.pop(0) if self.left else None
        if fault in _ANSWERS:
            return _ANSWERS[fault]
        if fault is Fault.RESET_BEFORE:
            return Ending.CUT
        reply = await self._passed_on(request)
        return Ending.CUT if fault is Fault.RESET_AFTER else reply

    async def _passed_on(self, request: Request) -> Reply:
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _NOT_PASSED_ON}
        url = f"{self._ingest_url}{request.path}"
        answer = await self._http.request(request.method, url, content=request.body, headers=headers)
        self.statuses.append(answer.status_code)
        kept = {name: value for name, value in answer.headers.items() if name == "retry-after"}
        return Reply(
            status=answer.status_code,
            body=answer.text,
            content_type=answer.headers.get("content-type", "text/plain").partition(";")[0],
            headers=kept,
        )
