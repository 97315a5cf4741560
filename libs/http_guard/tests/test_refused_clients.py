"""A client that is refused while it still sends reads why."""

import asyncio
import socket

from support.guarded_server import ASK, HEAD, LAST, LIMITS, PATIENCE, TOO_LARGE, Server, refusal, rest


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
