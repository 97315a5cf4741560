"""A process: one HTTP server, background tasks, and an orderly end.

SIGTERM or SIGINT: not ready, then (after the notice that load balancers need) no new connections, what is
in flight is finished, then the tasks are told to stop; all within the grace. A second signal cuts that short.
A task that fails, or ends unasked, ends the process the same way with exit code 1, for whoever supervises it.
"""

import asyncio
import signal
import socket
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any

import structlog
import uvicorn
import uvloop

from common import connections, heap, room
from common.connections import ConnectionLimits
from common.operations import Readiness
from common.waiting import Task, unless_stopped

_log = structlog.get_logger()
_HTTP_SHARE = 0.75  # of the grace; the rest is for the tasks, which end after the last request


@dataclass(frozen=True, kw_only=True)
class Application:
    """`http` is an ASGI application; port 0 takes a free one. `notice` and `grace` are seconds."""

    name: str
    http: Any
    host: str
    port: int
    readiness: Readiness
    tasks: Mapping[str, Task]
    notice: float = 0.0
    grace: float = 20.0
    limits: ConnectionLimits = field(default_factory=ConnectionLimits)


@dataclass(frozen=True)
class Stop:
    """How a process is told to end: asked, then urged."""

    asked: asyncio.Event = field(default_factory=asyncio.Event)
    urged: asyncio.Event = field(default_factory=asyncio.Event)

    def signal(self) -> None:
        (self.urged if self.asked.is_set() else self.asked).set()


Wiring = Callable[[], AbstractAsyncContextManager[Application]]


def run(wiring: Wiring) -> int:
    """Enters the wiring, serves until told to stop, leaves the wiring; the process's exit code."""
    heap.spare_what_stays()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(wiring))


async def _run(wiring: Wiring) -> int:
    stop = Stop()
    try:
        with _caught(stop):
            async with AsyncExitStack() as stack:
                application = await unless_stopped(stop.asked, stack.enter_async_context(wiring()))
                return 0 if application is None else await serve(application, stop)
    except Exception as error:
        _log.exception("process.failed", reason=str(error))
        return 1


@contextmanager
def _caught(stop: Stop) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    caught = (signal.SIGTERM, signal.SIGINT)
    for number in caught:
        loop.add_signal_handler(number, stop.signal)
    try:
        yield
    finally:
        for number in caught:
            loop.remove_signal_handler(number)


async def serve(application: Application, stop: Stop, *, listening: Callable[[int], None] = lambda port: None) -> int:
    """Serves until asked to stop or something fails; 0 if it was asked. `listening` is told the port."""
    application = replace(application, limits=room.make_room(application.limits))
    listener = socket.create_server((application.host, application.port), backlog=2048)
    server = _Server(_config(application), listener)
    stopping = asyncio.Event()
    running: dict[asyncio.Future[None], str] = {
        asyncio.ensure_future(server.serve(sockets=[listener])): "http",
        **{asyncio.ensure_future(task(stopping)): name for name, task in application.tasks.items()},
        asyncio.ensure_future(heap.keep_lean(stopping)): "heap",
    }
    port = listener.getsockname()[1]
    about = application.readiness.about
    _log.info("process.started", process=application.name, host=application.host, port=port, **about)
    listening(port)

    failed = await _first_to_fail(running, stop.asked)
    application.readiness.drain()
    _log.info("process.draining", process=application.name, failed=failed)
    drained = await _drain(application, server, running=list(running), stopping=stopping, urged=stop.urged)
    failed = failed or _failure(running)
    _log.info("process.ended", process=application.name, drained=drained, failed=failed)
    return 0 if failed is None and not stop.urged.is_set() else 1


async def _first_to_fail(running: Mapping["asyncio.Future[None]", str], asked: asyncio.Event) -> str | None:
    """The name of what ended first, or None if the process was asked to stop."""
    asking = asyncio.ensure_future(asked.wait())
    either: set[asyncio.Future[Any]] = {asking, *running}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    asking.cancel()
    for ended, name in running.items():
        if not ended.done():
            continue
        _log.error("task.ended", task=name, reason=str(ended.exception()), exc_info=ended.exception())
        return name
    return None


def _failure(running: Mapping["asyncio.Future[None]", str]) -> str | None:
    for ended, name in running.items():
        if not ended.cancelled() and ended.exception() is not None:
            _log.error("task.failed", task=name, exc_info=ended.exception())
            return name
    return None


async def _drain(
    application: Application,
    server: "_Server",
    *,
    running: Collection["asyncio.Future[None]"],
    stopping: asyncio.Event,
    urged: asyncio.Event,
) -> bool:
    """Whether everything ended by itself within the grace."""
    http, *tasks = running
    if not http.done():
        with suppress(TimeoutError):
            await asyncio.wait_for(urged.wait(), application.notice)
    end = asyncio.get_running_loop().time() + application.grace
    server.should_exit = True
    answered = await _finish([http], end - application.grace * (1 - _HTTP_SHARE), urged=urged)
    server.close()
    stopping.set()
    return await _finish(tasks, end, urged=urged) and answered


async def _finish(futures: Collection["asyncio.Future[None]"], end: float, *, urged: asyncio.Event) -> bool:
    """Waits until all are done, the end has come or the process is urged; what is left is cancelled."""
    if not futures:
        return True
    together = asyncio.gather(*futures, return_exceptions=True)
    urging = asyncio.ensure_future(urged.wait())
    left = max(0.0, end - asyncio.get_running_loop().time())
    either: set[asyncio.Future[Any]] = {together, urging}
    await asyncio.wait(either, timeout=left, return_when=asyncio.FIRST_COMPLETED)
    urging.cancel()
    if together.done():
        return True
    together.cancel()
    await asyncio.wait(futures, timeout=1.0)
    return False


def _config(application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application.http,
        http=connections.protocol(application.limits, application.readiness.turned_away),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,  # nothing here asks where a request came from
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener
        self.servers: list[asyncio.Server] = []

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # the run-time's own handlers stay

    def close(self) -> None:
        """Its own shutdown does this too, unless it was cut short."""
        for server in self.servers:
            server.close()
        self._listener.close()
