"""Clients that reset their connection, on uvloop as the services run."""

import json
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

PROCESS = """
import asyncio
import sys
from contextlib import asynccontextmanager
from common.connection_limits import ConnectionLimits
from common.logs import configure
from common.health_endpoints import Readiness
from common.runtime import Application, run
from common.settings import LogFormat, LogLevel

async def http(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await asyncio.sleep(0.01)
    body = b"a" * (4_000_000 if scope["path"] == "/large" else 10)
    await send({"type": "http.response.start", "status": 200})
    for _ in range(5):
        await send({"type": "http.response.body", "body": body, "more_body": True})
    await send({"type": "http.response.body"})

@asynccontextmanager
async def wiring():
    limits = ConnectionLimits(head_bytes=2_000, head_seconds=0.2, idle_seconds=1)
    yield Application(
        name="test", http=http, host="127.0.0.1", port=0, readiness=Readiness({}), tasks={}, limits=limits
    )

configure(LogFormat.JSON, LogLevel.INFO, service="test")
sys.exit(run(wiring))
"""
ASK = b"GET /%b HTTP/1.1\r\nHost: h\r\n\r\n"
BODY = b"POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 100\r\n\r\nabc"


@pytest.fixture
def process() -> Iterator["subprocess.Popen[str]"]:
    with subprocess.Popen([sys.executable, "-c", PROCESS], stderr=subprocess.PIPE, text=True) as child:
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
    assert process.stderr is not None
    port = json.loads(process.stderr.readline())["port"]
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
    time.sleep(1.5)  # for what is timed
    with socket.create_connection(("127.0.0.1", port), 20) as client:
        client.sendall(ASK % b"x")
        assert client.recv(100).startswith(b"HTTP/1.1 200"), "it answers others"
    process.terminate()
    lines = [json.loads(line) for line in process.stderr]
    assert process.wait() == 0
    assert {line["event"] for line in lines} <= {"request.refused", "process.draining", "process.ended"}, lines
