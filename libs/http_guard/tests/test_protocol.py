"""Limits of connections and request heads, over real sockets."""

import asyncio
import logging
from contextlib import suppress

import pytest

from http_guard.limits import ConnectionLimits
from http_guard.refusals import ConnectionEnd
from support.guarded_server import (
    ASK,
    CHUNKED,
    CLOSE,
    ENDLESS,
    HEAD,
    LAST,
    LIMITS,
    OFFER,
    PATIENCE,
    TOO_LARGE,
    Server,
    held_open,
    refusal,
    rest,
    serving_with,
)


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


async def test_many_pipelined_upgrade_offers_are_all_answered() -> None:
    offers = (HEAD % b"x" + OFFER + b"Content-Length: 1\r\n\r\na") * 1_000
    async with serving_with(ConnectionLimits()) as server:  # on a slow machine they take longer than LIMITS has
        answer = await server.last_words(ASK % b"x" + offers + LAST)
    assert answer.count(b"HTTP/1.1 200") == 1_002
    assert answer.count(b"got a") == 1_000
