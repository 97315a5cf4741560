"""What one HTTP connection may cost: bytes and seconds for what comes before a body, a place among all connections.

The server's own protocol takes a head of any size at any pace, and keeps a connection that says nothing for ever.
Bodies are bounded by whoever reads them.
"""

import asyncio
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast

import httptools
import structlog
from prometheus_client import Counter
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from common.problems import Problem
from common.unread import Watched

_log = structlog.get_logger()
# What a client offers beside the request; we stay with HTTP/1.1.
_OFFERS: Final = frozenset({b"upgrade", b"http2-settings", b"connection"})


@dataclass(frozen=True)
class ConnectionLimits:
    """`head_bytes` is for the request line and all headers, or for what frames a body; `head_seconds` from the first
    byte of a request to the end of its head, and for the rest of a body that was answered before it had come;
    `idle_seconds` for a connection on which nothing is said, and for what was written to be read in whole.
    """

    connections: int = 4_000
    head_bytes: int = 65_536
    head_seconds: float = 10.0
    # Longer than the idle time of common load balancers: they close first and never meet a dead end.
    idle_seconds: int = 75


class Ended(StrEnum):
    """Why a connection was refused or ended by us: the code of the problem that it was told, if it was told one."""

    TOO_MANY = "too_many_connections"
    MALFORMED = "malformed_request"
    TOO_LARGE = "head_too_large"
    TOO_SLOW = "slow_request"
    UNREAD = "answer_not_read"
    IDLE = "idle"


def counter() -> Counter:
    """By `Ended`, in no registry yet."""
    text = "Connections refused, or ended for what the client did or did not do."
    built = Counter("churn_http_connections_ended_total", text, ("reason",), registry=None)
    for reason in Ended:
        built.labels(reason)
    return built


def protocol(limits: ConnectionLimits, ended: Counter) -> Any:
    """What the server makes of each connection; `ended` counts by reason."""
    return partial(Bounded, limits, ended)


class Bounded(HttpToolsProtocol):
    """Refuses with a problem what the parser cannot read and what is over the limits, and ends the connection."""

    def __init__(self, limits: ConnectionLimits, ended: Counter, **told: Any) -> None:
        super().__init__(**told)
        self.timeout_keep_alive = limits.idle_seconds
        self._limits = limits
        self._ended = ended
        self._loose = 0  # bytes since anything came of them: a head that is not whole, the frame of a body
        self._in_head = False
        self._in_body = False
        self._offered = False
        self._refused = False
        self._deadline: asyncio.TimerHandle | None = None
        self._watched: Watched
        self._answering: RequestResponseCycle | None = None  # the others wait in the pipeline

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._watched = Watched(transport, loop=self.loop, seconds=self._limits.idle_seconds, late=self._cut)
        super().connection_made(cast(asyncio.Transport, self._watched))
        if len(self.connections) > self._limits.connections:
            self._refuse(Problem(503, Ended.TOO_MANY, "connect again later", headers={"retry-after": "1"}))
            return
        # Who says nothing at first has as long as who says nothing any more.
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        self._in_time()
        self._watched.unwatch()
        self._unset_keepalive_if_required()
        if self._answering is not None:
            self._answering.disconnected = True  # the server's own says it to the last one asked only
            self._answering.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._refused:
            return
        self._unset_keepalive_if_required()
        self._loose += len(data)
        try:
            self._feed(memoryview(data))
        except httptools.HttpParserError as error:
            self.send_400_response(f"not an HTTP/1.1 request: {error}")
        if (self._loose or self._in_head) and not self._refused:
            self._look()

    def _feed(self, data: memoryview) -> None:
        """A parser stops at an offer of another protocol; the next one goes on behind it."""
        while data and not self._refused:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stopped:
                data = data[stopped.args[0] :]
                self._go_on_as_before()
            else:
                return

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
        super().on_headers_complete()
        self._in_body = True  # not if its address was unreadable

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
        self._refuse(Problem(400, Ended.MALFORMED, msg))

    def timeout_keep_alive_handler(self) -> None:
        """Who has not even read the last answer by now will not be waited for."""
        if self.transport.get_write_buffer_size():
            self._cut()
        elif not self.transport.is_closing():
            self._ended.labels(Ended.IDLE).inc()
            super().timeout_keep_alive_handler()

    def _look(self) -> None:
        """At bytes of which nothing has come yet."""
        if self._loose > self._limits.head_bytes:
            self._too_large()
        elif not self._in_body:
            self._hurry()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _cut(self) -> None:
        """What it was told is not read: there is no other way to end it."""
        if not self._refused:
            self._refused = True
            self._say(Ended.UNREAD)
        self.transport.abort()

    def _say(self, reason: Ended) -> None:
        self._ended.labels(reason).inc()
        _log.warning("request.refused", reason=reason.value, client=self.client[0] if self.client else None)

    def _hurry(self) -> None:
        if self._deadline is None:
            self._deadline = self.loop.call_later(self._limits.head_seconds, self._too_slow)

    def _in_time(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_slow(self) -> None:
        detail = f"the request did not come within {self._limits.head_seconds:g} s"
        self._refuse(Problem(408, Ended.TOO_SLOW, detail), answered=self._in_body)

    def _too_large(self) -> None:
        detail = f"request line and headers, or what frames the body, are over {self._limits.head_bytes} bytes"
        self._refuse(Problem(431, Ended.TOO_LARGE, detail))

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse(self, problem: Problem, *, answered: bool = False) -> None:
        """`answered`: that request has had its answer."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._in_time()
        self._say(Ended(problem.code))
        before = self._asked_before()
        if before is not None:
            # What was asked before is answered; then the connection ends.
            before.keep_alive = False
            self.flow.pause_reading()
            return
        if not answered and not (self._in_body and self.cycle.response_started):
            self.transport.write(_plain(problem))
        self.transport.close()

    def _asked_before(self) -> RequestResponseCycle | None:
        """The last request before the one that is refused, if its answer is still to come."""
        if self._in_body and not self.pipeline:
            return None
        if self._in_body:
            self.pipeline.popleft()  # the refused one, which waited for its turn
        last = self.pipeline[0][0] if self.pipeline else self._answering
        return None if last is None or last.response_complete else last

    def _go_on_as_before(self) -> None:
        """The request again without its offer of another protocol, as if it had not been made."""
        self._offered = False
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.send_400_response("this is no proxy")
            return
        kept = [(name, value) for name, value in self.headers if name not in _OFFERS]
        head = b"".join(b"%b: %b\r\n" % header for header in kept)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(b"%b %b HTTP/1.1\r\n%b\r\n" % (method, self.url, head))


def _plain(problem: Problem) -> bytes:
    """As the bytes of a last answer."""
    response = problem.response()
    phrase = HTTPStatus(problem.status).phrase.encode()
    headers = [*response.raw_headers, (b"connection", b"close")]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (problem.status, phrase, lines, bytes(response.body))
