"""An HTTP server in the place of scoring, which takes announcements or refuses them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec

from local.fakes.http_server import FakeHttpServer, Reply, Request

KEY = "cs_0123456789ab_key-of-scoring"


class AnnouncementSink:
    """`status` is its answer. `taken` are the bodies that it answered with 202, `asked` all that it got."""

    def __init__(self) -> None:
        self.status = 202
        self.taken: list[dict[str, Any]] = []
        self.asked: list[dict[str, Any]] = []
        self._server = FakeHttpServer(self._answer)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}"

    async def _answer(self, request: Request) -> Reply:
        if (request.method, request.path) != ("POST", "/v1/announcements"):
            return Reply(status=404)
        if request.headers["authorization"] != f"Bearer {KEY}":
            return Reply(status=401)
        body = msgspec.json.decode(request.body)
        self.asked.append(body)
        if self.status == 202:
            self.taken.append(body)
        return Reply(status=self.status)

    @asynccontextmanager
    async def listening(self) -> AsyncIterator["AnnouncementSink"]:
        await self._server.start()
        try:
            yield self
        finally:
            await self._server.stop()
