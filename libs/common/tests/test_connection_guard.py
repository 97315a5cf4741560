"""What a process of ours counts, logs and answers when the connection guard refuses a client, over real sockets."""

import asyncio
import socket
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import msgspec
import pytest
from structlog.testing import capture_logs

from common.health_endpoints import Readiness
from common.runtime import Application, ShutdownSignal, serve
from http_guard.limits import ConnectionLimits

LIMITS = ConnectionLimits(connections=3, head_bytes=2_000, head_seconds=0.2, idle_seconds=1)
PATIENCE = 60.0
HEAD = b"POST /x HTTP/1.1\r\nHost: h\r\n"
FEW_FILES = """
import asyncio, resource
from common.health_endpoints import Readiness
from common.runtime import Application, ShutdownSignal, serve
from http_guard.limits import ConnectionLimits

resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
limits = ConnectionLimits(connections=1_000)
application = Application(
    name="test", http=None, host="127.0.0.1", port=0, readiness=Readiness({}), tasks={}, limits=limits
)
asyncio.run(serve(application, ShutdownSignal(), listening=lambda port: print("port", port, flush=True)))
"""


async def no_content(scope, receive, send) -> None:  # type: ignore[no-untyped-def]
    await send({"type": "http.response.start", "status": 204})
    await send({"type": "http.response.body"})


class Process:
    def __init__(self) -> None:
        self.port = 0
        self.readiness = Readiness({})

    def ended(self) -> dict[str, int]:
        """How many connections were refused or ended, by reason, where there were any."""
        samples = [sample for metric in self.readiness.ended_connections.collect() for sample in metric.samples]
        counts = [sample for sample in samples if sample.name == "churn_http_connections_ended_total" and sample.value]
        return {sample.labels["reason"]: int(sample.value) for sample in counts}

    async def last_words(self, sent: bytes) -> bytes:
        """All that is said until the connection is ended from the other side."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        try:
            async with asyncio.timeout(PATIENCE):
                return await reader.read()
        finally:
            writer.close()


@pytest.fixture
async def process() -> AsyncIterator[Process]:
    async with serving() as built:
        yield built


@asynccontextmanager
async def serving() -> AsyncIterator[Process]:
    built, stop = Process(), ShutdownSignal()
    port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
    application = Application(
        name="test",
        http=no_content,
        host="127.0.0.1",
        port=0,
        readiness=built.readiness,
        tasks={},
        grace=1.0,
        limits=LIMITS,
    )
    running = asyncio.create_task(serve(application, stop, listening=port.set_result))
    built.port = await port
    yield built
    stop.signal()
    await running


def problem(answer: bytes) -> tuple[int, str]:
    """Status and code; it must be a problem in full."""
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"content-type: application/problem+json" in head
    assert b"connection: close" in head
    told = msgspec.json.decode(body)
    assert head.startswith(b"HTTP/1.1 %d " % told["status"])
    assert told["detail"]
    return told["status"], told["code"]


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (HEAD + b"x: %b" % (b"y" * 5_000), (431, "head_too_large")),
        (HEAD, (408, "slow_request")),
        (b"\x16\x03\x01\x02\x00\x01", (400, "malformed_request")),
    ],
)
async def test_a_refusal_is_a_problem_and_is_counted_and_logged(
    process: Process, sent: bytes, told: tuple[int, str]
) -> None:
    with capture_logs() as lines:
        assert problem(await process.last_words(sent)) == told
    assert process.ended() == {told[1]: 1}
    assert lines == [{"event": "request.refused", "log_level": "warning", "reason": told[1], "client": "127.0.0.1"}]


async def test_a_connection_over_the_limit_is_told_when_to_come_again(process: Process) -> None:
    held = [await asyncio.open_connection("127.0.0.1", process.port) for _ in range(LIMITS.connections)]
    answer = await process.last_words(b"")
    assert problem(answer) == (503, "too_many_connections")
    assert b"retry-after: 1\r\n" in answer
    for _, writer in held:
        writer.close()


async def test_an_idle_connection_is_counted_and_not_logged(process: Process) -> None:
    with capture_logs() as lines:
        assert await process.last_words(b"") == b""
    assert process.ended() == {"idle": 1}
    assert lines == []


def test_a_low_file_limit_lowers_the_connections_and_is_logged() -> None:
    with subprocess.Popen([sys.executable, "-c", FEW_FILES], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        said = iter(child.stdout.readline, "")
        lowered = next(line for line in said if "connections.lowered" in line)
        port = int(next(line for line in said if line.startswith("port ")).split()[1])
        held = [socket.create_connection(("127.0.0.1", port), PATIENCE) for _ in range(33)]
        answer = held[-1].makefile("rb").read()
        for one in held:
            one.close()
        child.kill()
    assert "connections=32" in lowered
    assert "files=64" in lowered
    assert problem(answer) == (503, "too_many_connections")
