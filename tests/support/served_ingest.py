"""Ingest behind a real socket, in a thread, for commands that ask it over HTTP."""

import asyncio
import socket
import threading
from concurrent.futures import Future

from starlette.types import ASGIApp, Receive, Send
from starlette.types import Scope as AsgiScope

from common.contracts.events import Event
from ingest.in_memory import Ingest, in_memory
from support.serving import serving


class ServedIngest:
    """Ingest answers posts, but for the next ones with these `answers`, which are statuses.

    From post `refuses_from` on it answers 403; from post `hangs_from` on it does not answer.
    """

    def __init__(self) -> None:
        self.answers: list[int] = []
        self.posts = 0
        self.history: list[bool] = []
        self.refuses_from: int | None = None
        self.hangs_from: int | None = None
        # Whoever connects before the server runs is served as soon as it does.
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.built: Future[Ingest] = Future()
        self._loop = asyncio.new_event_loop()
        self._stop = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_until_complete, args=(self._serve(),))

    def __enter__(self) -> "ServedIngest":
        self._thread.start()
        self.built.result(timeout=30)
        return self

    def __exit__(self, *exc: object) -> None:
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join()
        self._loop.close()

    @property
    def environment(self) -> dict[str, str]:
        key = self.built.result().http.headers["authorization"].removeprefix("Bearer ")
        return {"INGEST_URL": f"http://127.0.0.1:{self._socket.getsockname()[1]}", "WRITE_KEY": key}

    def events(self) -> list[Event]:
        """What is on the log. Partition by partition, and in one of them in the order of the posts."""
        return self.built.result().events()

    async def _serve(self) -> None:
        async with in_memory() as ingest, serving(self._before(ingest.app), self._socket):
            self.built.set_result(ingest)
            await self._stop.wait()

    def _before(self, app: ASGIApp) -> ASGIApp:
        async def asked(scope: AsgiScope, receive: Receive, send: Send) -> None:
            self.posts += 1
            self.history.append(b"history=true" in scope["query_string"])
            if self.hangs_from is not None and self.posts >= self.hangs_from:
                await self._stop.wait()
            if self.refuses_from is not None and self.posts >= self.refuses_from:
                self.answers.append(403)
            if not self.answers:
                await app(scope, receive, send)
                return
            headers = [(b"retry-after", b"0")]
            await send({"type": "http.response.start", "status": self.answers.pop(0), "headers": headers})
            await send({"type": "http.response.body", "body": b"not now"})

        return asked
