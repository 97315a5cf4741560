"""Limits of connections and request heads, over real sockets."""

import asyncio
import gc
import json
import logging
import socket
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress

import pytest
import uvicorn

from http_guard.limits import ConnectionLimits
from http_guard.protocol import BoundedHttpProtocol, protocol_factory
from http_guard.refusals import ConnectionEnd, Refusal, RefusalAnswer

LIMITS = ConnectionLimits(
    connections=3, head_bytes=2_000, head_seconds=0.2, idle_seconds=1, linger_seconds=0.5, lingering=2
)
PATIENCE = 20.0
HEAD = b"POST /%b HTTP/1.1\r\nHost: h\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
CLOSE = b"Connection: close\r\nContent-Length: 0\r\n\r\n"
ASK = HEAD + b"Content-Length: 0\r\n\r\n"
OFFER = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
LARGE = b"a" * 16_000_000
ENDLESS = 40_000_000
LAST = HEAD % b"x" + CLOSE
TOO_LARGE = HEAD % b"x" + b"x: %b\r\n" % (b"y" * 2 * LIMITS.head_bytes)


class Server:
    """Says back what it was sent; `/early` does not wait for the body, `/held` waits until it is let go, `/large` says
    more than two sockets hold, `/brimful` a little more. It also counts refused and ended connections by reason.
    """

    def __init__(self) -> None:
        self.port = 0
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()
        self.ended: Counter[str] = Counter()
        self.clients: set[str | None] = set()

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        body, more = b"", scope["path"] != "/early"
        while more:
            message = await receive()
            if message["type"] == "http.disconnect":
                return
            body += message["body"]
            more = message["more_body"]
        if scope["path"] == "/held":
            self.held.set()
            await self.let_go.wait()
        if scope["path"] == "/brimful":
            await brimful(scope, send)
            return
        answer = LARGE if scope["path"] == "/large" else b"got " + body
        length = str(len(answer)).encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", length)]})
        await send({"type": "http.response.body", "body": answer})

    def connection_ended(self, reason: ConnectionEnd, client: str | None) -> None:
        self.ended[reason] += 1
        self.clients.add(client)

    def answer(self, refusal: Refusal) -> RefusalAnswer:
        told = {"status": refusal.status, "reason": refusal.reason, "detail": refusal.detail}
        body = json.dumps(told | {"retry_after": refusal.retry_after}).encode()
        return RefusalAnswer([(b"content-type", b"text/json"), (b"content-length", b"%d" % len(body))], body)

    async def connect(self, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        return reader, writer

    async def unread(self, sent: bytes) -> socket.socket:
        """A connection on which nothing is read, with as little room for answers as there is."""
        silent = socket.socket()
        silent.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        silent.setblocking(False)
        loop = asyncio.get_running_loop()
        await loop.sock_connect(silent, ("127.0.0.1", self.port))
        await loop.sock_sendall(silent, sent)
        return silent

    async def answers_again(self) -> None:
        """Once there is a place: all were taken."""
        async with asyncio.timeout(PATIENCE):
            while not (await self.last_words(LAST)).startswith(b"HTTP/1.1 200"):
                pass

    async def last_words(self, sent: bytes) -> bytes:
        """All that is said until the connection is ended from the other side."""
        reader, writer = await self.connect(sent)
        try:
            return await rest(reader)
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    async with serving_with(LIMITS) as built:
        yield built


class Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # they are pytest's


@asynccontextmanager
async def serving_with(limits: ConnectionLimits) -> AsyncIterator[Server]:
    built = Server()
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    config = uvicorn.Config(
        built,
        http=protocol_factory(limits, built),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )
    server = Uvicorn(config)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    built.port = listener.getsockname()[1]
    yield built
    built.let_go.set()
    server.should_exit = True
    await serving


async def rest(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await reader.read()


def held_open() -> list[BoundedHttpProtocol]:
    """Nobody hands them out."""
    return [one for one in gc.get_objects() if type(one) is BoundedHttpProtocol and not one.transport.is_closing()]


async def brimful(scope, send) -> None:  # type: ignore[no-untyped-def]
    """Until the socket takes no more; what is left is too little for the server to stop writing."""
    (transport,) = (one.transport for one in held_open() if one.client == scope["client"])
    await send({"type": "http.response.start", "status": 200})
    # A small write waits for the next one, so it says nothing of the socket.
    while transport.get_write_buffer_size() < 20_000:
        await send({"type": "http.response.body", "body": b"a" * 1_000, "more_body": True})
    await send({"type": "http.response.body"})


async def taken(writer: asyncio.StreamWriter) -> int:
    """How much of an endless head is, until no more is or it is enough to know."""
    lines, sent = b"x: %b\r\n" % (b"y" * 995) * 1_000, 0
    with suppress(TimeoutError):
        while sent < ENDLESS:
            writer.write(lines)
            async with asyncio.timeout(2.0):
                await writer.drain()
            sent += len(lines)
    return sent


def refusal(answer: bytes) -> tuple[int, str]:
    """Status and reason; it must be an answer in full."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: text/json" in head
    assert b"connection: close" in head
    told = json.loads(body)
    assert head.startswith(b"HTTP/1.1 %d " % told["status"])
    assert told["detail"]
    assert told["retry_after"] == (1 if told["status"] == 503 else None)
    return told["status"], told["reason"]


REFUSED = [
    # A head that is whole, in one piece
    (HEAD % b"x" + b"X: " + b"a" * 2_000 + b"\r\n\r\n", (431, "head_too_large")),
    (HEAD % (b"x" * 2_000) + b"\r\n", (431, "head_too_large")),
    (HEAD % b"x" + b"X: y\r\n" * 1_000 + b"\r\n", (431, "head_too_large")),
    # ... and one without end
    (HEAD % b"x" + b"X: " + b"a" * 5_000, (431, "head_too_large")),
    (b"\r\n" * 2_000, (431, "head_too_large")),
    # Too slow
    (b"POST", (408, "slow_request")),
    (b"\r\n", (408, "slow_request")),
    (HEAD % b"x", (408, "slow_request")),
    # No HTTP
    (b"\x16\x03\x01\x02\x00\x01", (400, "malformed_request")),
    (b"GET http://[/ HTTP/1.1\r\nHost: h\r\n\r\n", (400, "malformed_request")),
    (b"CONNECT h:1 HTTP/1.1\r\nHost: h\r\n\r\n", (400, "malformed_request")),
    (HEAD % b"x" + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n", (400, "malformed_request")),
    (HEAD % b"x" + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", (400, "malformed_request")),
    (HEAD % b"x" + b"Content-Length: 99999999999999999999\r\n\r\n", (400, "malformed_request")),
]


@pytest.mark.parametrize(("sent", "told"), REFUSED)
async def test_a_malformed_request_is_answered_and_ends_the_connection(
    server: Server, sent: bytes, told: tuple[int, str]
) -> None:
    assert refusal(await server.last_words(sent)) == told
    assert server.ended == {told[1]: 1}
    assert server.clients == {"127.0.0.1"}


@pytest.mark.parametrize("begin", [b"1;", b"1\r\na\r\n0\r\nT: "])
async def test_the_framing_of_a_body_is_bounded_like_a_head(server: Server, begin: bytes) -> None:
    reader, writer = await server.connect(HEAD % b"x" + b"Transfer-Encoding: chunked\r\n\r\n" + begin)
    # An endless extension of a chunk, an endless trailer.
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while not reader.at_eof():
                writer.write(b"e" * 500)
                await writer.drain()
                await asyncio.sleep(0.01)
    writer.close()
    assert server.ended == {ConnectionEnd.TOO_LARGE: 1}


async def test_a_large_body_does_not_count_as_head(server: Server) -> None:
    answer = await server.last_words(
        HEAD % b"x" + b"Connection: close\r\nContent-Length: 100000\r\n\r\n" + b"a" * 100_000
    )
    assert answer.endswith(b"got " + b"a" * 100_000)


async def test_a_pause_within_a_body_is_no_slow_request(server: Server) -> None:
    reader, writer = await server.connect(
        HEAD % b"x" + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1"
    )
    await asyncio.sleep(2 * LIMITS.head_seconds)
    writer.write(b"\r\nb\r\n0\r\n\r\n")
    assert b"ab" in await rest(reader)
    writer.close()


async def test_after_an_early_answer_the_rest_of_the_body_has_a_time_limit(server: Server) -> None:
    answer = await server.last_words(HEAD % b"early" + b"Content-Length: 100\r\n\r\nabc")
    assert answer.endswith(b"got "), "answered once, and the connection ended"


async def test_after_an_early_answer_a_complete_body_keeps_the_connection(server: Server) -> None:
    first = HEAD % b"early" + b"Content-Length: 3\r\n\r\nabc"
    answer = await server.last_words(first + HEAD % b"x" + b"Connection: close\r\nContent-Length: 1\r\n\r\nz")
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.endswith(b"got z")


async def test_garbage_behind_a_good_request_does_not_cost_its_answer(server: Server) -> None:
    for garbage in (b"\x00\x01\r\n", b"GET / HTTP/1.1\r\nX: " + b"a" * 5_000, b"POST"):
        server.held.clear()
        server.let_go.clear()
        reader, writer = await server.connect(HEAD % b"held" + b"Content-Length: 4\r\n\r\ngood" + garbage)
        await server.held.wait()
        await asyncio.sleep(2 * LIMITS.head_seconds)
        server.let_go.set()
        answer = await rest(reader)
        assert answer.endswith(b"got good"), garbage
        writer.close()


@pytest.mark.parametrize("refused", [b"GET http://[/ HTTP/1.1\r\nHost: h\r\n\r\n", HEAD % b"x" + CHUNKED + b"zz\r\n"])
async def test_a_refusal_in_the_pipeline_leaves_earlier_answers_alone(server: Server, refused: bytes) -> None:
    reader, writer = await server.connect(ASK % b"held" + ASK % b"x" + refused)
    await server.held.wait()
    server.let_go.set()
    answer = await rest(reader)
    assert answer.count(b"HTTP/1.1 200") == 2
    assert answer.count(b"HTTP/1.1 ") == 2
    writer.close()


async def test_after_a_refusal_nothing_is_read_while_an_earlier_answer_is_pending(server: Server) -> None:
    _, writer = await server.connect(ASK % b"held" + TOO_LARGE)
    await server.held.wait()
    assert await taken(writer) < ENDLESS
    writer.transport.abort()


async def test_after_a_refusal_nothing_is_buffered(server: Server) -> None:
    """The answer to the first makes the server read on, for a third may come."""
    _, writer = await server.connect(ASK % b"held" + ASK % b"held" + HEAD % b"x")
    await server.held.wait()
    await asyncio.sleep(2 * LIMITS.head_seconds)
    server.held.clear()
    server.let_go.set()
    server.let_go.clear()
    await server.held.wait()
    (connection,) = held_open()
    assert await taken(writer) == ENDLESS
    assert sum(len(value) for _, value in connection.headers) < ENDLESS / 10
    writer.transport.abort()


@pytest.mark.parametrize(
    "sent",
    [
        ASK % b"large" * 60,
        ASK % b"large" + ASK % b"x",
        ASK % b"large" + b"\0",
        HEAD % b"large" + CLOSE,
        HEAD % b"brimful" + CLOSE,
    ],
)
async def test_a_client_that_never_reads_is_cut_off(
    server: Server, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    silent = [await server.unread(sent) for _ in range(LIMITS.connections)]
    await server.answers_again()
    reason = ConnectionEnd.MALFORMED if sent.endswith(b"\0") else ConnectionEnd.UNREAD
    async with asyncio.timeout(PATIENCE):
        while server.ended[reason] != LIMITS.connections:
            await server.last_words(LAST)
    for one in silent:
        one.close()
    assert server.ended.keys() <= {reason, ConnectionEnd.TOO_MANY}
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


async def test_a_client_that_sends_no_more_gets_its_answer(server: Server) -> None:
    for asked in (b"HEAD /x HTTP/1.1\r\nHost: h\r\n\r\n", ASK % b"x"):
        reader, writer = await server.connect(asked)
        writer.write_eof()
        assert (await reader.read()).startswith(b"HTTP/1.1 200")
        writer.close()


async def test_a_client_that_reads_too_slowly_is_cut_off(server: Server) -> None:
    """All along something is read, something is asked, and too little waits for the server to stop writing."""
    loop = asyncio.get_running_loop()
    with await server.unread(ASK % b"brimful") as slow, suppress(ConnectionError):
        async with asyncio.timeout(PATIENCE):
            while True:
                await loop.sock_recv(slow, 1)
                await loop.sock_sendall(slow, ASK % b"x")
                await asyncio.sleep(LIMITS.idle_seconds / 5)
    assert server.ended == {ConnectionEnd.UNREAD: 1}


async def test_idle_connections_are_counted_and_closed_ones_are_not(server: Server) -> None:
    _, leaving = await server.connect(ASK % b"x")
    leaving.close()
    assert await server.last_words(b"") == b""
    assert (await server.last_words(ASK % b"x")).startswith(b"HTTP/1.1 200")
    assert (await server.last_words(LAST)).startswith(b"HTTP/1.1 200")
    assert server.ended == {ConnectionEnd.IDLE: 2}


async def test_an_upgrade_offer_is_ignored_and_the_body_is_read(server: Server) -> None:
    """Java's client offers HTTP/2 with every plain request."""
    reader, writer = await server.connect(HEAD % b"x" + OFFER + b"Content-Length: 3\r\n\r\nabc")
    async with asyncio.timeout(PATIENCE):
        first = await reader.readuntil(b"got abc")
    writer.write(HEAD % b"x" + b"Connection: close\r\nContent-Length: 3\r\n\r\ndef")
    assert first.startswith(b"HTTP/1.1 200")
    assert (await rest(reader)).endswith(b"got def")
    writer.close()


async def test_a_connection_over_the_limit_is_refused_until_another_one_closes(server: Server) -> None:
    held = [await server.connect(b"P") for _ in range(LIMITS.connections)]
    assert refusal(await server.last_words(b"")) == (503, "too_many_connections")
    assert server.ended == {ConnectionEnd.TOO_MANY: 1}
    for reader, writer in held:
        await rest(reader)  # each is given up as too slow
        writer.close()
    assert (await server.last_words(LAST)).startswith(b"HTTP/1.1 200")


def sends_before_it_reads(port: int, sent: bytes) -> bytes:
    """As most clients do: the answer is read when all is sent."""
    with socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as client:
        client.sendall(sent)
        answer = b""
        while part := client.recv(65_536):
            answer += part
        return answer


LONG_BODY = b"Content-Length: 3000000\r\n\r\n" + b"a" * 3_000_000


async def test_a_client_that_still_sends_reads_why_it_is_refused(server: Server) -> None:
    held = [await server.connect(ASK % b"held") for _ in range(LIMITS.connections)]
    await server.held.wait()
    for sent in (ASK % b"x", HEAD % b"x" + LONG_BODY):
        answer = await asyncio.to_thread(sends_before_it_reads, server.port, sent)
        assert refusal(answer) == (503, "too_many_connections")
    for _, writer in held:
        writer.close()


async def test_a_client_that_closes_reads_an_answer_that_did_not_wait_for_its_body(server: Server) -> None:
    """nginx asks each upstream so, unless it is told not to."""
    sent = HEAD % b"early" + b"Connection: close\r\n" + LONG_BODY
    answer = await asyncio.to_thread(sends_before_it_reads, server.port, sent)
    assert answer.startswith(b"HTTP/1.1 200")
    assert answer.endswith(b"got ")
    assert (await server.last_words(LAST)).startswith(b"HTTP/1.1 200")


async def test_a_refused_client_that_sends_without_end_is_cut_off(server: Server) -> None:
    reader, writer = await server.connect(TOO_LARGE)
    assert refusal(await rest(reader)) == (431, "head_too_large")
    cut = False
    async with asyncio.timeout(PATIENCE):
        while not cut:
            try:
                writer.write(b"x: y\r\n")
                await writer.drain()
                await asyncio.sleep(0.01)
            except ConnectionError:
                cut = True
    writer.close()


async def test_refused_clients_that_do_not_close_take_no_place_of_others(server: Server) -> None:
    refused = [await server.connect(TOO_LARGE) for _ in range(2 * LIMITS.connections)]
    for reader, _ in refused:
        assert refusal(await rest(reader)) == (431, "head_too_large")
    assert (await server.last_words(LAST)).startswith(b"HTTP/1.1 200")
    for _, writer in refused:
        writer.close()


async def test_many_pipelined_upgrade_offers_are_all_answered() -> None:
    offers = (HEAD % b"x" + OFFER + b"Content-Length: 1\r\n\r\na") * 1_000
    async with serving_with(ConnectionLimits()) as server:  # on a slow machine they take longer than LIMITS has
        answer = await server.last_words(ASK % b"x" + offers + LAST)
    assert answer.count(b"HTTP/1.1 200") == 1_002
    assert answer.count(b"got a") == 1_000
