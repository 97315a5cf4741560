"""A process: one HTTP server, background tasks, and a graceful shutdown.

On SIGTERM or SIGINT readiness fails at once. After `notice` (for load balancers) the server accepts no more
connections and finishes the requests in flight; then the tasks are told to stop. All of that has to end within
`grace`. A second signal ends it at once.
A task that fails, or ends before it is told to, shuts the process down in the same way with exit code 1.
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

from common.connection_guard import ProblemRefusals, fit_to_file_limit
from common.health_endpoints import Readiness
from common.process_memory import trim_heap_periodically, tune_garbage_collector
from common.stopping import Task, run_until_stopped
from http_guard.limits import ConnectionLimits
from http_guard.protocol import protocol_factory

_log = structlog.get_logger()
# Share of the grace for requests; the rest is for the tasks, which are told to stop after the last request.
_HTTP_SHARE = 0.75


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
class ShutdownSignal:
    """The first signal requests a graceful shutdown, the second one forces it."""

    requested: asyncio.Event = field(default_factory=asyncio.Event)
    forced: asyncio.Event = field(default_factory=asyncio.Event)

    def signal(self) -> None:
        (self.forced if self.requested.is_set() else self.requested).set()


Wiring = Callable[[], AbstractAsyncContextManager[Application]]


def run(wiring: Wiring) -> int:
    """Builds the application, serves it until a signal or a failure, closes it. Returns the process's exit code."""
    tune_garbage_collector()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(_run(wiring))


async def _run(wiring: Wiring) -> int:
    shutdown = ShutdownSignal()
    try:
        with _signal_handlers(shutdown):
            async with AsyncExitStack() as stack:
                application = await run_until_stopped(shutdown.requested, stack.enter_async_context(wiring()))
                return 0 if application is None else await serve(application, shutdown)
    except Exception as error:
        _log.exception("process.failed", reason=str(error))
        return 1


@contextmanager
def _signal_handlers(shutdown: ShutdownSignal) -> Iterator[None]:
    loop = asyncio.get_running_loop()
    numbers = (signal.SIGTERM, signal.SIGINT)
    for number in numbers:
        loop.add_signal_handler(number, shutdown.signal)
    try:
        yield
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


async def serve(
    application: Application, shutdown: ShutdownSignal, *, listening: Callable[[int], None] = lambda port: None
) -> int:
    """Serves until a shutdown is requested (returns 0) or something fails (1). `listening` is told the port."""
    application = replace(application, limits=fit_to_file_limit(application.limits))
    # Opened before uvicorn starts, so that the port is known and a port in use fails at once.
    listener = socket.create_server((application.host, application.port), backlog=2048)
    server = _Server(_config(application), listener)
    stopping = asyncio.Event()
    running: dict[asyncio.Future[None], str] = {
        asyncio.ensure_future(server.serve(sockets=[listener])): "http",
        **{asyncio.ensure_future(task(stopping)): name for name, task in application.tasks.items()},
        asyncio.ensure_future(trim_heap_periodically(stopping)): "heap",
    }
    port = listener.getsockname()[1]
    about = application.readiness.about
    _log.info("process.started", process=application.name, host=application.host, port=port, **about)
    listening(port)

    failed = await _first_to_fail(running, shutdown.requested)
    application.readiness.drain()
    _log.info("process.draining", process=application.name, failed=failed)
    drained = await _drain(application, server, running=list(running), stopping=stopping, forced=shutdown.forced)
    failed = failed or _failure(running)
    _log.info("process.ended", process=application.name, drained=drained, failed=failed)
    return 0 if failed is None and not shutdown.forced.is_set() else 1


async def _first_to_fail(running: Mapping["asyncio.Future[None]", str], requested: asyncio.Event) -> str | None:
    """The name of the first task that ended, or None if a shutdown was requested before."""
    requesting = asyncio.ensure_future(requested.wait())
    either: set[asyncio.Future[Any]] = {requesting, *running}
    await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
    requesting.cancel()
    for ended, name in running.items():
        if not ended.done():
            continue
        # A task that returned without a stop counts as failed too: nothing would do its work any more.
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
    forced: asyncio.Event,
) -> bool:
    """Ends the server, then the tasks. True if everything ended by itself within the grace."""
    http, *tasks = running
    if not http.done():
        with suppress(TimeoutError):
            await asyncio.wait_for(forced.wait(), application.notice)
    deadline = asyncio.get_running_loop().time() + application.grace
    server.should_exit = True
    answered = await _finish([http], deadline - application.grace * (1 - _HTTP_SHARE), forced=forced)
    server.close()
    # The tasks stop last: requests in flight may need them.
    stopping.set()
    return await _finish(tasks, deadline, forced=forced) and answered


async def _finish(futures: Collection["asyncio.Future[None]"], deadline: float, *, forced: asyncio.Event) -> bool:
    """Waits for all of them; at the deadline, or when forced, cancels the ones that are left and returns False."""
    if not futures:
        return True
    together = asyncio.gather(*futures, return_exceptions=True)
    forcing = asyncio.ensure_future(forced.wait())
    left = max(0.0, deadline - asyncio.get_running_loop().time())
    either: set[asyncio.Future[Any]] = {together, forcing}
    await asyncio.wait(either, timeout=left, return_when=asyncio.FIRST_COMPLETED)
    forcing.cancel()
    if together.done():
        return True
    together.cancel()
    # A moment for their `finally` blocks. What does not end by then is left behind.
    await asyncio.wait(futures, timeout=1.0)
    return False


def _config(application: Application) -> uvicorn.Config:
    return uvicorn.Config(
        application.http,
        http=protocol_factory(application.limits, ProblemRefusals(application.readiness.ended_connections)),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        # No endpoint uses the client's address, so forwarded headers are ignored.
        proxy_headers=False,
    )


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, listener: socket.socket) -> None:
        super().__init__(config)
        self._listener = listener
        self.servers: list[asyncio.Server] = []

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # uvicorn would replace the handlers of `_signal_handlers`

    def close(self) -> None:
        """Stops listening. uvicorn's shutdown does so too, unless it was cancelled."""
        for server in self.servers:
            server.close()
        self._listener.close()
