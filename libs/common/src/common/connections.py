"""What one HTTP connection may cost: bytes and seconds for what comes before a body, a place among all connections.

The server's own protocol takes a head of any size at any pace, and keeps a connection that says nothing for ever.
Bodies are bounded by whoever reads them.
"""

import asyncio
import resource
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import Any, Final

import httptools
import structlog
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from common.problems import Problem

_log = structlog.get_logger()
_OTHER_FILES: Final = 500
# What a client offers beside the request; we stay with HTTP/1.1.
_OFFERS: Final = frozenset({b"upgrade", b"http2-settings", b"connection"})


@dataclass(frozen=True)
class ConnectionLimits:
    """`head_bytes` is for the request line and all headers, or for what frames a body; `head_seconds` from the first
    byte of a request to the end of its head, and for the rest of a body that was answered before it had come.
    """

    connections: int = 4_000
    head_bytes: int = 65_536
    head_seconds: float = 10.0


def make_room(limits: ConnectionLimits) -> None:
    """Lets the process hold so many files open, as far as it may decide that itself: 1,024 is a common default."""
    most, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limits.connections + _OTHER_FILES
    if hard != resource.RLIM_INFINITY:
        wanted = min(wanted, hard)
    if most != resource.RLIM_INFINITY and most < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def protocol(limits: ConnectionLimits) -> Any:
    """What the server makes of each connection."""
    return partial(Bounded, limits)


class Bounded(HttpToolsProtocol):
    """Refuses with a problem what the parser cannot read and what is over the limits, and ends the connection."""

    def __init__(self, limits: ConnectionLimits, **told: Any) -> None:
        super().__init__(**told)
        self._limits = limits
        self._loose = 0  # bytes since anything came of them: a head that is not whole, the frame of a body
        self._in_head = False
        self._in_body = False
        self._offered = False
        self._refused = False
        self._deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if len(self.connections) > self._limits.connections:
            self._refuse(Problem(503, "too_many_connections", "connect again later", headers={"retry-after": "1"}))
            return
        # Who says nothing at first has as long as who says nothing any more.
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        self._unset_keepalive_if_required()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._unset_keepalive_if_required()
        self._loose += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as stopped:
            self._go_on_as_before(data[stopped.args[0] :])
        except httptools.HttpParserError as error:
            self.send_400_response(f"not an HTTP/1.1 request: {error}")
        if (self._loose or self._in_head) and not self._refused:
            self._look()

    def on_message_begin(self) -> None:
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        if self._refused:
            return
        if self.parser.should_upgrade():
            self._offered = True  # its body would be lost: the parser takes what follows for another protocol
            return
        self._in_time()
        if self._loose > self._limits.head_bytes and self._head_size() > self._limits.head_bytes:
            self._too_large()
            return
        self._loose = 0
        self._in_body = True
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._loose = 0
        if self._in_body:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._offered:
            return
        self._loose = 0
        if self._in_body:
            self._in_body = False
            self._in_time()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # The next one may be on its way already: its body is its reader's affair.
        if self._in_body and self.cycle.response_complete and not self.transport.is_closing():
            self._hurry()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Problem(400, "malformed_request", msg))

    def timeout_keep_alive_handler(self) -> None:
        """Who has not even read the last answer by now will not be waited for."""
        if self.transport.get_write_buffer_size():
            self.transport.abort()
        else:
            super().timeout_keep_alive_handler()

    def _look(self) -> None:
        """At bytes of which nothing has come yet."""
        if self._loose > self._limits.head_bytes:
            self._too_large()
        elif not self._in_body:
            self._hurry()

    def _hurry(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._limits.head_seconds, self._too_slow)

    def _in_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        detail = f"the request did not come within {self._limits.head_seconds:g} s"
        self._refuse(Problem(408, "slow_request", detail), answered=self._in_body)

    def _too_large(self) -> None:
        detail = f"request line and headers, or what frames the body, are over {self._limits.head_bytes} bytes"
        self._refuse(Problem(431, "head_too_large", detail))

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse(self, problem: Problem, *, answered: bool = False) -> None:
        """`answered`: that request has had its answer."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._in_time()
        _log.warning("request.refused", reason=problem.code, client=self.client[0] if self.client else None)
        cycle: RequestResponseCycle | None = self.cycle
        being_answered = cycle is not None and not cycle.response_complete
        if cycle is not None and being_answered and not self._in_body:
            # What was asked before is answered; then the connection ends.
            cycle.keep_alive = False
            return
        if not answered and not (cycle is not None and being_answered and cycle.response_started):
            self.transport.write(_plain(problem))
        self.transport.close()

    def _go_on_as_before(self, rest: bytes) -> None:
        """The request again without its offer of another protocol, as if it had not been made."""
        self._offered = False
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.send_400_response("this is no proxy")
            return
        kept = [(name, value) for name, value in self.headers if name not in _OFFERS]
        head = b"".join(b"%b: %b\r\n" % header for header in kept)
        self.parser = httptools.HttpRequestParser(self)
        self.data_received(b"%b %b HTTP/1.1\r\n%b\r\n" % (method, self.url, head) + rest)


def _plain(problem: Problem) -> bytes:
    """As the bytes of a last answer."""
    response = problem.response()
    phrase = HTTPStatus(problem.status).phrase.encode()
    headers = [*response.raw_headers, (b"connection", b"close")]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (problem.status, phrase, lines, bytes(response.body))
