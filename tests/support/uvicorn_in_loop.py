"""uvicorn in the running loop, on a free port of this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn


class _Uvicorn(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield  # they are pytest's


@asynccontextmanager
async def serving(app: Any, **config: Any) -> AsyncIterator[int]:
    """Its port. `config` is of `uvicorn.Config`."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    settings = uvicorn.Config(
        app, ws="none", lifespan="off", log_config=None, access_log=False, timeout_graceful_shutdown=1, **config
    )
    server = _Uvicorn(settings)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running
