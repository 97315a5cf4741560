"""A POST request as the server passes it on, with its headers, query parameters and body chunks."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope

from common.problems import Problem

_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}


class PostRequest:
    """A cheaper `starlette.requests.Request`. Of headers sent twice the first one counts.

    Starlette scans all headers for each lookup, and parses the query string even if it is empty. For a small request
    that would cost more than everything else up to its events. `loop` is the one that runs, if it is known.
    """

    __slots__ = ("_headers", "_query", "_receive", "loop")

    def __init__(self, scope: Scope, receive: Receive, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self._headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self._query: bytes = scope["query_string"]
        self._receive = receive
        self.loop = loop

    def header(self, name: bytes) -> str | None:
        """`name` in lower case."""
        value = self._headers.get(name)
        return value if value is None else value.decode("latin-1")

    def headers_with_prefix(self, prefix: bytes) -> dict[str, str]:
        """By their names without the prefix; `prefix` in lower case."""
        return {
            name.removeprefix(prefix).decode("latin-1"): value.decode("latin-1")
            for name, value in self._headers.items()
            if name.startswith(prefix)
        }

    def parameter(self, name: str, default: str) -> str:
        return str(QueryParams(self._query).get(name, default)) if self._query else default

    def boolean(self, name: str, *, default: bool = False) -> bool:
        """A parameter that is true or false. Raises `Problem`."""
        text = self.parameter(name, "true" if default else "false")
        value = _BOOLEANS.get(text.lower())
        if value is None:
            raise Problem(400, "bad_parameter", f"{name} is true or false, not {text[:40]!r}")
        return value

    async def next_chunk(self) -> tuple[bytes, bool]:
        """The next part of the body, and whether there is more. Raises `ClientDisconnect`."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        return message.get("body", b""), message.get("more_body", False)


PostHandler = Callable[[PostRequest], Awaitable[Response]]
