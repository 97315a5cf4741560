"""A process serves, drains, and ends with any of its tasks."""

import asyncio
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route
from structlog.testing import capture_logs

from common import health_endpoints, metrics
from common.health_endpoints import Readiness
from common.runtime import Application, ShutdownSignal, serve
from common.stopping import Task


class Running:
    """An application in this process, and the way to stop it."""

    def __init__(self, tasks: Mapping[str, Task], *, notice: float = 0.0, grace: float = 5.0) -> None:
        self.asked_for = asyncio.Event()
        self.answer = asyncio.Event()
        self.stop = ShutdownSignal()
        self.readiness = Readiness({}, about={"core": "compiled"})
        registry = metrics.registry(service="common", process="test")
        routes = [Route("/slow", self._slow), *health_endpoints.routes(self.readiness, registry)]
        self.application = Application(
            name="test",
            http=Starlette(routes=routes),
            host="127.0.0.1",
            port=0,
            readiness=self.readiness,
            tasks=tasks,
            notice=notice,
            grace=grace,
        )

    async def _slow(self, request: Request) -> PlainTextResponse:
        self.asked_for.set()
        await self.answer.wait()
        return PlainTextResponse("done")

    async def start(self) -> str:
        """The address, once it answers."""
        port: asyncio.Future[int] = asyncio.get_running_loop().create_future()
        self.code = asyncio.create_task(serve(self.application, self.stop, listening=port.set_result))
        address = f"http://127.0.0.1:{await port}"
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{address}/healthz")).status_code == 200
        return address


async def until_told(stop: asyncio.Event) -> None:
    await stop.wait()


async def test_a_request_in_flight_is_answered_before_the_tasks_are_told_to_stop() -> None:
    told: list[bool] = []

    async def task(stop: asyncio.Event) -> None:
        await stop.wait()
        told.append(running.answer.is_set())

    running = Running({"task": task})
    address = await running.start()
    async with httpx.AsyncClient() as client:
        request = asyncio.create_task(client.get(f"{address}/slow"))
        await running.asked_for.wait()
        running.stop.signal()
        while await accepts(address):
            pass
        assert "draining" in running.readiness.report()
        running.answer.set()
        assert (await request).text == "done"
    assert await running.code == 0
    assert told == [True]


async def accepts(address: str) -> bool:
    with suppress(OSError):
        host, port = address.removeprefix("http://").split(":")
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()
        return True
    return False


async def test_while_draining_readiness_fails_and_requests_are_still_answered() -> None:
    running = Running({"task": until_told}, notice=60)
    address = await running.start()
    async with httpx.AsyncClient() as client:
        assert (await client.get(f"{address}/readyz")).status_code == 200
        running.stop.signal()
        while (answer := await client.get(f"{address}/readyz")).status_code == 200:
            pass
        assert answer.json()["checks"] == {"draining": "the process is shutting down"}
        assert (await client.get(f"{address}/healthz")).status_code == 200
    running.stop.signal()
    assert await running.code == 1, "the second signal cut the drain short"


async def test_a_task_that_fails_takes_the_process_down() -> None:
    async def broken(stop: asyncio.Event) -> None:
        raise ValueError("broken")

    finished = asyncio.Event()

    async def other(stop: asyncio.Event) -> None:
        await stop.wait()
        finished.set()

    with capture_logs() as lines:
        code = await serve(Running({"broken": broken, "other": other}).application, ShutdownSignal())
    assert code == 1
    assert finished.is_set(), "the others were told to finish"
    (line,) = (line for line in lines if line["event"] == "task.ended")
    assert line["task"] == "broken"
    assert isinstance(line["exc_info"], ValueError)


async def test_the_first_line_of_the_log_says_what_the_process_is() -> None:
    with capture_logs() as lines:
        running = Running({"task": until_told})
        address = await running.start()
        running.stop.signal()
        assert await running.code == 0
    (line,) = (line for line in lines if line["event"] == "process.started")
    assert (line["process"], line["core"]) == ("test", "compiled")
    assert address.endswith(f":{line['port']}")


async def test_a_task_that_ends_unasked_takes_the_process_down() -> None:
    async def short(stop: asyncio.Event) -> None:
        return

    assert await serve(Running({"short": short}).application, ShutdownSignal()) == 1


async def test_a_task_that_fails_while_it_drains_is_an_error_too() -> None:
    async def broken(stop: asyncio.Event) -> None:
        await stop.wait()
        raise ValueError("could not flush")

    running = Running({"broken": broken})
    await running.start()
    running.stop.signal()
    assert await running.code == 1


async def test_tasks_that_do_not_end_within_the_grace_are_cancelled() -> None:
    cut = asyncio.Event()

    async def stubborn(stop: asyncio.Event) -> None:
        try:
            await asyncio.Event().wait()
        finally:
            cut.set()

    running = Running({"stubborn": stubborn}, grace=0.5)
    address = await running.start()
    async with httpx.AsyncClient() as client:
        request = asyncio.create_task(client.get(f"{address}/slow"))
        await running.asked_for.wait()
        running.stop.signal()
        assert await running.code == 0
        request.cancel()
    assert cut.is_set()


WIRING = """
import asyncio
from contextlib import asynccontextmanager
from common import runtime

@asynccontextmanager
async def wiring():
    try:
        {step}
    finally:
        print("closed", flush=True)
    yield

raise SystemExit(runtime.run(wiring))
"""


def test_a_signal_ends_a_process_that_is_still_starting() -> None:
    step = 'print("waiting", flush=True); await asyncio.Event().wait()'
    with subprocess.Popen([sys.executable, "-c", WIRING.format(step=step)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "waiting\n"
        child.send_signal(signal.SIGTERM)
        assert child.stdout.readline() == "closed\n"
        assert child.wait() == 0


def test_a_process_that_cannot_be_built_logs_the_reason_and_fails() -> None:
    program = WIRING.format(step='raise ValueError("no card")')
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "process.failed" in done.stdout + done.stderr
    assert "no card" in done.stdout + done.stderr
