"""An application behind a real socket, in the loop of whoever asks."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


@asynccontextmanager
async def serving(app: ASGIApp, listener: socket.socket) -> AsyncIterator[None]:
    """Leaves no connection behind: a loop that ends may not leave transports that are never closed."""
    server = uvicorn.Server(uvicorn.Config(app, lifespan="off", ws="none", log_level="critical"))
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        # A request that is not answered would keep it waiting.
        server.force_exit = True
        await running
        # Each connection ends in a later turn of the loop; uvicorn tells nobody when.
        async with asyncio.timeout(60):
            while server.server_state.connections:  # noqa: ASYNC110
                await asyncio.sleep(0)
