"""uvicorn's HTTP/1.1 protocol with limits: request heads in bytes and seconds, idle time, number of connections.

uvicorn itself accepts a head of any size at any pace, and drops no connection on which the client never speaks.
Whoever reads a body bounds it.
"""

import asyncio
from functools import partial
from http import HTTPStatus
from typing import Any, Final, cast

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from http_guard.joined_writes import JoinedWritesTransport
from http_guard.limits import ConnectionLimits
from http_guard.lingering import LingeringClose
from http_guard.refusals import ConnectionEnd, Refusal, RefusalAnswer, RefusalHandler
from http_guard.write_timeout import WriteTimeoutTransport

# Headers with which a client offers another protocol. This server stays with HTTP/1.1 and drops them.
_UPGRADE_HEADERS: Final = frozenset({b"upgrade", b"http2-settings", b"connection"})


def protocol_factory(limits: ConnectionLimits, refusals: RefusalHandler) -> Any:
    """The `http` of `uvicorn.Config`: uvicorn calls it for each connection."""
    lingering = LingeringClose(seconds=limits.linger_seconds, most=limits.lingering)
    return partial(BoundedHttpProtocol, limits, refusals, lingering)


class BoundedHttpProtocol(HttpToolsProtocol):
    """Refuses a request that is malformed or over a limit: has `refusals` answer it, then closes the connection."""

    def __init__(
        self, limits: ConnectionLimits, refusals: RefusalHandler, lingering: LingeringClose, **uvicorn: Any
    ) -> None:
        super().__init__(**uvicorn)
        self.timeout_keep_alive = limits.idle_seconds
        self._limits = limits
        self._refusals = refusals
        self._lingering = lingering
        # Bytes since the parser last completed something: an unfinished head, or framing of a chunked body.
        self._unparsed_bytes = 0
        self._in_head = False
        self._in_body = False
        self._upgrade_offered = False
        self._refused = False
        self._client_ended = False
        self._lingers = False
        self._head_timer: asyncio.TimerHandle | None = None
        self._write_timeout: WriteTimeoutTransport
        # The request that is answered now; the ones after it wait in uvicorn's pipeline.
        self._current: RequestResponseCycle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._write_timeout = WriteTimeoutTransport(
            transport, loop=self.loop, seconds=self._limits.idle_seconds, on_timeout=self._abort_unread
        )
        joined = JoinedWritesTransport(self._write_timeout, loop=self.loop, close=self._close)
        super().connection_made(cast(asyncio.Transport, joined))
        if len(self.connections) > self._limits.connections:
            self._refuse(Refusal(503, ConnectionEnd.TOO_MANY, "connect again later", retry_after=1))
            return
        # uvicorn starts the keep-alive timer only after a first request.
        self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_head_timer()
        self._client_ended = True
        self._lingering.lost(self._write_timeout)
        self._write_timeout.cancel_timer()
        self._unset_keepalive_if_required()
        if self._current is not None:
            # uvicorn tells only the newest request of the pipeline that the client has gone.
            self._current.disconnected = True
            self._current.message_event.set()
        # What is held has nowhere to go.
        self.transport.abort()
        super().connection_lost(exc)

    def eof_received(self) -> None:
        # The loop would close the transport below, and an answer that is held would be lost.
        self._client_ended = True
        self.transport.close()

    def data_received(self, data: bytes) -> None:
        if self._refused or self._lingers:
            return
        self._unset_keepalive_if_required()
        self._unparsed_bytes += len(data)
        try:
            self._feed(memoryview(data))
        except httptools.HttpParserError as error:
            self.send_400_response(f"not an HTTP/1.1 request: {error}")
        if (self._unparsed_bytes or self._in_head) and not self._refused:
            self._check_unparsed()

    def _feed(self, data: memoryview) -> None:
        # The parser stops at a request that offers an upgrade. Parsing goes on behind it with a new parser.
        while data and not self._refused:
            try:
                self.parser.feed_data(data)
            except httptools.HttpParserUpgrade as stopped:
                data = data[stopped.args[0] :]
                self._restart_without_upgrade()
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
            # Handled now, its body would be lost: the parser takes what follows for another protocol.
            self._upgrade_offered = True
            return
        self._stop_head_timer()
        if self._unparsed_bytes > self._limits.head_bytes and self._head_size() > self._limits.head_bytes:
            self._refuse_too_large()
            return
        self._unparsed_bytes = 0
        super().on_headers_complete()
        # Not reached if uvicorn could not read the request's target.
        self._in_body = True

    def on_body(self, body: bytes) -> None:
        self._unparsed_bytes = 0
        if self._in_body:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._upgrade_offered:
            return
        self._unparsed_bytes = 0
        if self._in_body:
            self._in_body = False
            self._stop_head_timer()
            super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # Answered before its body was complete: the rest has to come soon. If uvicorn has already begun the next
        # request of the pipeline, the body belongs to that one, and its reader bounds it.
        if self._in_body and self.cycle.response_complete and not self.transport.is_closing():
            self._start_head_timer()

    def send_400_response(self, msg: str) -> None:
        self._refuse(Refusal(400, ConnectionEnd.MALFORMED, msg))

    def timeout_keep_alive_handler(self) -> None:
        # A client that has not even read the last answer would not read a farewell either.
        if self.transport.get_write_buffer_size():
            self._abort_unread()
        elif not self.transport.is_closing():
            self._report_end(ConnectionEnd.IDLE)
            super().timeout_keep_alive_handler()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._current = cycle
        super()._start_asgi_task(cycle, app)

    def _check_unparsed(self) -> None:
        """Bounds what the parser has not completed yet, in bytes and in time."""
        if self._unparsed_bytes > self._limits.head_bytes:
            self._refuse_too_large()
        elif not self._in_body:
            self._start_head_timer()

    def _start_head_timer(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self._limits.head_seconds, self._refuse_too_slow)

    def _stop_head_timer(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _abort_unread(self) -> None:
        """Closing would wait until the client has read what was written, so the connection is aborted."""
        if not self._refused:
            self._refused = True
            self._report_end(ConnectionEnd.UNREAD)
        self.transport.abort()

    def _report_end(self, reason: ConnectionEnd) -> None:
        self._refusals.connection_ended(reason, self.client[0] if self.client else None)

    def _refuse_too_slow(self) -> None:
        detail = f"the request did not come within {self._limits.head_seconds:g} s"
        self._refuse(Refusal(408, ConnectionEnd.TOO_SLOW, detail), answered=self._in_body)

    def _refuse_too_large(self) -> None:
        detail = f"request line and headers, or what frames the body, are over {self._limits.head_bytes} bytes"
        self._refuse(Refusal(431, ConnectionEnd.TOO_LARGE, detail))

    def _head_size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) for name, value in self.headers)

    def _refuse(self, refusal: Refusal, *, answered: bool = False) -> None:
        """Answers and closes. `answered`: the request already has its answer, so it only closes."""
        if self._refused or self.transport.is_closing():
            return
        self._refused = True
        self._stop_head_timer()
        self._report_end(refusal.reason)
        before = self._unanswered_before()
        if before is not None:
            # Earlier requests of the pipeline get their answers. The last of these answers closes the connection.
            before.keep_alive = False
            self.flow.pause_reading()
            return
        if not answered and not (self._in_body and self.cycle.response_started):
            self.transport.write(_response_bytes(refusal.status, self._refusals.answer(refusal)))
        self.transport.close()

    def _close(self) -> None:
        """Closes the transport, for uvicorn too. It lingers if the client may still be sending."""
        if self._client_ended or not (self._refused or self._in_body):
            self._write_timeout.close()
            return
        self._lingers = True
        self._unset_keepalive_if_required()
        if self._in_body and not self.cycle.response_complete:
            # The application may still wait for the body. After this uvicorn drops what it answers.
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        # It has no place among those that are served.
        self.connections.discard(self)
        self.flow.resume_reading()
        self._lingering.close(self._write_timeout, loop=self.loop)

    def _unanswered_before(self) -> RequestResponseCycle | None:
        """The last request before the refused one, if its answer is not complete."""
        if self._in_body and not self.pipeline:
            return None
        if self._in_body:
            # The refused request itself waits there for its turn.
            self.pipeline.popleft()
        last = self.pipeline[0][0] if self.pipeline else self._current
        return None if last is None or last.response_complete else last

    def _restart_without_upgrade(self) -> None:
        """Feeds the request's head again to a new parser, without the headers that offer another protocol."""
        self._upgrade_offered = False
        method = self.parser.get_method()
        if method == b"CONNECT":
            self.send_400_response("this is no proxy")
            return
        kept = [(name, value) for name, value in self.headers if name not in _UPGRADE_HEADERS]
        head = b"".join(b"%b: %b\r\n" % header for header in kept)
        self.parser = httptools.HttpRequestParser(self)
        self.parser.feed_data(b"%b %b HTTP/1.1\r\n%b\r\n" % (method, self.url, head))


def _response_bytes(status: int, answer: RefusalAnswer) -> bytes:
    headers = [*answer.headers, (b"connection", b"close")]
    lines = b"".join(b"%b: %b\r\n" % header for header in headers)
    return b"HTTP/1.1 %d %b\r\n%b\r\n%b" % (status, HTTPStatus(status).phrase.encode(), lines, answer.body)
