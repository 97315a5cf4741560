"""Clients that reset their connection, on uvloop."""

import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

# It logs warnings and worse. What the guard reports is no such line.
PROCESS = """
import asyncio
import logging
import signal
import socket
import uvicorn
import uvloop
from contextlib import contextmanager
from http_guard.limits import ConnectionLimits
from http_guard.protocol import protocol_factory
from http_guard.refusals import RefusalAnswer

async def http(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    if scope["path"] == "/bits":
        await send({"type": "http.response.start", "status": 200})
        for _ in range(5):
            await asyncio.sleep(0)
            await send({"type": "http.response.body", "body": b"bit", "more_body": True})
        await send({"type": "http.response.body"})
        return
    await asyncio.sleep(0.01)
    body = b"a" * (4_000_000 if scope["path"] == "/large" else 10)
    await send({"type": "http.response.start", "status": 200})
    for _ in range(5):
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})

class Refusals:
    def connection_ended(self, reason, client):
        print("ended", reason, flush=True)

    def answer(self, refusal):
        return RefusalAnswer([(b"content-length", b"0")], b"")

class Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self):
        yield

async def serve():
    limits = ConnectionLimits(head_bytes=2_000, head_seconds=0.2, idle_seconds=1)
    config = uvicorn.Config(
        http, http=protocol_factory(limits, Refusals()), ws="none", lifespan="off", log_config=None, access_log=False,
        timeout_graceful_shutdown=20,
    )
    server = Server(config)
    listener = socket.create_server(("127.0.0.1", 0))
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: setattr(server, "should_exit", True))
    print("port", listener.getsockname()[1], flush=True)
    await server.serve(sockets=[listener])

logging.basicConfig(level=logging.WARNING)
uvloop.run(serve())
"""
ASK = b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n"
BODY = b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc"


@pytest.fixture
def process() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen(
        [sys.executable, "-c", PROCESS], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as child:
        try:
            yield child
        finally:
            child.kill()


def reset(port: int, sent: bytes, *, after: float) -> None:
    client = socket.create_connection(("127.0.0.1", port), 20)
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.sendall(sent)
    time.sleep(after)
    client.close()


def test_a_reset_at_any_moment_leaves_no_traceback(process: "subprocess.Popen[str]") -> None:
    assert process.stdout is not None
    assert process.stderr is not None
    port = int(process.stdout.readline().split()[1])
    ways = [
        b"",
        b"GET",  # in a head
        BODY,  # in a body
        ASK % b"x",  # before the answer
        ASK % b"x" * 3,  # ... with others behind it
        ASK % b"large",  # in it
        ASK % b"large" * 3,
        ASK % b"x" + b"\0",  # what is refused waits for an answer before it
        ASK % b"large" + b"\0",
        ASK % b"x" + BODY,
        b"\0",
    ]
    for sent in ways:
        for after in (0.0, 0.005, 0.015, 0.05):
            reset(port, sent, after=after)
    for _ in range(40):
        reset(port, ASK % b"bits", after=0.0)
    time.sleep(1.5)  # for what is timed
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(ASK % b"x")
        assert client.recv(100).startswith(b"HTTP/1.1 200"), "it answers others"
    process.terminate()
    said, logged = process.stdout.read(), process.stderr.read()
    assert process.wait() == 0
    assert logged == ""
    assert "ended malformed_request" in said
