"""What comes over a real socket before, between and behind bodies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import Response
from structlog.testing import capture_logs

from common.connections import ConnectionLimits
from common.operations import Readiness
from common.runtime import Application, Stop, serve

LIMITS = ConnectionLimits(connections=3, head_bytes=2_000, head_seconds=0.2)
PATIENCE = 20.0
HEAD = b"POST /%b HTTP/1.1\r\nHost: h\r\n"


class Server:
    """Says back what it was sent; `/early` does not wait for the body, `/held` waits until it is let go."""

    def __init__(self) -> None:
        self.port = 0
        self.held = asyncio.Event()
        self.let_go = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:  # type: ignore[no-untyped-def]
        request = Request(scope, receive, send)
        body = b"" if scope["path"] == "/early" else await request.body()
        if scope["path"] == "/held":
            self.held.set()
            await self.let_go.wait()
        await Response(b"got " + body)(scope, receive, send)

    async def connect(self, sent: bytes) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        return reader, writer

    async def last_words(self, sent: bytes) -> bytes:
        """All that is said until the connection is ended from the other side."""
        reader, writer = await self.connect(sent)
        try:
            return await rest(reader)
        finally:
            writer.close()


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    built, stop = Server(), Stop()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    application = Application(
        name="test", http=built, host="127.0.0.1", port=0, readiness=Readiness({}), tasks={}, grace=1.0, limits=LIMITS
    )
    serving = asyncio.create_task(serve(application, stop, listening=port.set_result))
    built.port = await port
    yield built
    built.let_go.set()
    stop.signal()
    await serving


async def rest(reader: asyncio.StreamReader) -> bytes:
    async with asyncio.timeout(PATIENCE):
        return await reader.read()


def problem(answer: bytes) -> tuple[int, str]:
    """Status and code; it must be a problem in full."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    told = msgspec.json.decode(body)
    assert head.startswith(b"HTTP/1.1 %d " % told["status"])
    assert told["detail"]
    return told["status"], told["code"]


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
async def test_what_is_no_request_is_answered_and_ends_the_connection(
    server: Server, sent: bytes, told: tuple[int, str]
) -> None:
    assert problem(await server.last_words(sent)) == told


@pytest.mark.parametrize("begin", [b"1;", b"1\r\na\r\n0\r\nT: "])
async def test_what_frames_a_body_is_no_body_and_is_bounded_like_a_head(server: Server, begin: bytes) -> None:
    with capture_logs() as lines:
        reader, writer = await server.connect(HEAD % b"x" + b"Transfer-Encoding: chunked\r\n\r\n" + begin)
        # An endless extension of a chunk, an endless trailer.
        with suppress(ConnectionError, TimeoutError):
            async with asyncio.timeout(PATIENCE):
                while not reader.at_eof():
                    writer.write(b"e" * 500)
                    await writer.drain()
                    await asyncio.sleep(0.01)
        writer.close()
    assert [line["reason"] for line in lines if line["event"] == "request.refused"] == ["head_too_large"]


async def test_a_large_body_is_no_large_head(server: Server) -> None:
    answer = await server.last_words(
        HEAD % b"x" + b"Connection: close\r\nContent-Length: 100000\r\n\r\n" + b"a" * 100_000
    )
    assert answer.endswith(b"got " + b"a" * 100_000)


async def test_a_body_that_waits_in_the_middle_is_waited_for(server: Server) -> None:
    reader, writer = await server.connect(
        HEAD % b"x" + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n1"
    )
    await asyncio.sleep(2 * LIMITS.head_seconds)
    writer.write(b"\r\nb\r\n0\r\n\r\n")
    assert b"ab" in await rest(reader)
    writer.close()


async def test_who_was_answered_early_must_finish_the_body_soon(server: Server) -> None:
    answer = await server.last_words(HEAD % b"early" + b"Content-Length: 100\r\n\r\nabc")
    assert answer.endswith(b"got "), "answered once, and the connection ended"


async def test_who_was_answered_early_and_finishes_may_ask_again(server: Server) -> None:
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


async def test_an_offer_of_another_protocol_is_passed_over_and_the_body_is_read(server: Server) -> None:
    """Java's client offers HTTP/2 with every plain request."""
    offer = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAA\r\n"
    reader, writer = await server.connect(HEAD % b"x" + offer + b"Content-Length: 3\r\n\r\nabc")
    async with asyncio.timeout(PATIENCE):
        first = await reader.readuntil(b"got abc")
    writer.write(HEAD % b"x" + b"Connection: close\r\nContent-Length: 3\r\n\r\ndef")
    assert first.startswith(b"HTTP/1.1 200")
    assert (await rest(reader)).endswith(b"got def")
    writer.close()


async def test_one_connection_too_many_is_told_so_and_a_place_that_is_left_can_be_taken(server: Server) -> None:
    held = [await server.connect(b"P") for _ in range(LIMITS.connections)]
    assert problem(await server.last_words(b"")) == (503, "too_many_connections")
    for reader, writer in held:
        await rest(reader)  # each is given up as too slow
        writer.close()
    answer = await server.last_words(HEAD % b"x" + b"Connection: close\r\nContent-Length: 0\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 200")
