"""A request to post events as the server hands it over: what is asked of its head, looked up once, and its body."""

from starlette.datastructures import QueryParams
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope


class Posted:
    """Headers are None if they were not sent; of those sent twice the first counts.

    Starlette's own request goes through all headers for each that it is asked for, and takes the query apart even
    if there is none: more than all the rest of a small request's way to its events.
    """

    __slots__ = ("_headers", "_query", "_receive")

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._headers: dict[bytes, bytes] = dict(reversed(scope["headers"]))
        self._query: bytes = scope["query_string"]
        self._receive = receive

    def header(self, name: bytes) -> str | None:
        """`name` in lower case."""
        value = self._headers.get(name)
        return value if value is None else value.decode("latin-1")

    def parameter(self, name: str, default: str) -> str:
        return str(QueryParams(self._query).get(name, default)) if self._query else default

    async def piece(self) -> tuple[bytes, bool]:
        """What came of the body, and whether there is more to come. Raises `ClientDisconnect`."""
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        return message.get("body", b""), message.get("more_body", False)
